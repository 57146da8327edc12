use super::*;

fn breaker(config: BreakerConfig) -> Arc<Breaker> {
    let (peer, _) = Peer::parse("catalog", "http://c:1").unwrap();
    Arc::new(Breaker::new(peer, config))
}

/// Four calls decide, half of them failures; open for 5 s; 2 probes.
fn small() -> Arc<Breaker> {
    breaker(BreakerConfig {
        min_calls: 4,
        probes: 2,
        ..BreakerConfig::default()
    })
}

fn succeed(breaker: &Arc<Breaker>) {
    breaker.admit().unwrap().succeeded();
}

fn fail(breaker: &Arc<Breaker>) {
    breaker.admit().unwrap().failed("UNAVAILABLE: gone");
}

fn opened() -> Arc<Breaker> {
    let breaker = small();
    (0..4).for_each(|_| fail(&breaker));
    assert!(breaker.admit().is_err());
    breaker
}

fn state(breaker: &Breaker) -> u8 {
    breaker.lock().state.gauge()
}

#[tokio::test(start_paused = true)]
async fn it_opens_when_the_share_of_failures_is_reached_and_says_why_and_how_long() {
    let breaker = small();
    succeed(&breaker);
    succeed(&breaker);
    fail(&breaker);
    fail(&breaker);
    tokio::time::advance(Duration::from_secs(1)).await;
    let status = breaker.admit().unwrap_err();
    let error = ApiError::from_status(&status);
    assert_eq!(error.reason, Reason::Unavailable);
    assert_eq!(error.retry_after, Some(Duration::from_secs(4)));
    assert_eq!(
        error.message,
        "catalog at http://c:1 (not called): circuit breaker open: 2 of the last 4 calls failed, \
         the last with UNAVAILABLE: gone"
    );
    assert!(is_breaker_open(&status));
    // What was passed on, or came from elsewhere, is no answer of this breaker.
    assert!(!is_breaker_open(&Status::from(error)));
}

#[tokio::test(start_paused = true)]
async fn few_calls_and_few_failures_prove_nothing() {
    let breaker = small();
    (0..3).for_each(|_| fail(&breaker));
    assert_eq!(state(&breaker), 0);
    let breaker = small();
    for _ in 0..100 {
        succeed(&breaker);
        succeed(&breaker);
        fail(&breaker);
    }
    assert_eq!(state(&breaker), 0);
}

#[tokio::test(start_paused = true)]
async fn a_ratio_above_one_turns_it_off() {
    let breaker = breaker(BreakerConfig {
        failure_ratio: 1.1,
        ..BreakerConfig::default()
    });
    (0..1000).for_each(|_| fail(&breaker));
    succeed(&breaker);
}

#[tokio::test(start_paused = true)]
async fn failures_are_forgotten_with_the_window() {
    let breaker = small();
    for _ in 0..20 {
        // Two failures within any ten seconds.
        fail(&breaker);
        tokio::time::advance(Duration::from_millis(5500)).await;
    }
    assert_eq!(state(&breaker), 0);
    tokio::time::advance(Duration::from_hours(1000)).await;
    (0..3).for_each(|_| fail(&breaker));
    assert_eq!(state(&breaker), 0);
}

#[tokio::test(start_paused = true)]
async fn a_few_try_when_half_open_and_close_it_by_succeeding() {
    let breaker = opened();
    tokio::time::advance(Duration::from_secs(5)).await;
    let mut probes = [breaker.admit().unwrap(), breaker.admit().unwrap()];
    let status = breaker.admit().unwrap_err();
    assert!(status.message().contains("others are trying"), "{status}");
    assert!(ApiError::from_status(&status).retry_after.is_some());
    assert_eq!(state(&breaker), 1);
    probes.iter_mut().for_each(Pass::succeeded);
    assert_eq!(state(&breaker), 0);
    // The failures that opened it are history.
    (0..3).for_each(|_| fail(&breaker));
    assert_eq!(state(&breaker), 0);
}

#[tokio::test(start_paused = true)]
async fn the_first_probe_that_fails_opens_it_again() {
    let breaker = opened();
    tokio::time::advance(Duration::from_secs(5)).await;
    let mut slow = breaker.admit().unwrap();
    fail(&breaker);
    let status = breaker.admit().unwrap_err();
    assert!(status.message().contains("it still fails"), "{status}");
    assert_eq!(
        ApiError::from_status(&status).retry_after,
        Some(Duration::from_secs(5))
    );
    // What an earlier probe has to say comes too late.
    slow.succeeded();
    assert_eq!(state(&breaker), 2);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_leaves_its_place_to_another() {
    let breaker = opened();
    tokio::time::advance(Duration::from_secs(5)).await;
    for _ in 0..10 {
        drop(breaker.admit().unwrap());
    }
    succeed(&breaker);
    succeed(&breaker);
    assert_eq!(state(&breaker), 0);
}

#[tokio::test(start_paused = true)]
async fn answers_to_calls_from_before_it_opened_do_not_close_it() {
    let breaker = small();
    let mut early = [breaker.admit().unwrap(), breaker.admit().unwrap()];
    (0..4).for_each(|_| fail(&breaker));
    tokio::time::advance(Duration::from_secs(5)).await;
    let _probe = breaker.admit().unwrap();
    early.iter_mut().for_each(Pass::succeeded);
    assert_eq!(state(&breaker), 1);
}

#[test]
fn the_defaults_are_valid_and_nonsense_is_not() {
    let problems = |config: BreakerConfig| {
        let mut problems = Problems::new();
        config.validate(&mut problems);
        problems.into_vec().len()
    };
    assert_eq!(problems(BreakerConfig::default()), 0);
    let nonsense = BreakerConfig {
        window: Duration::ZERO,
        min_calls: 0,
        failure_ratio: 0.0,
        open_for: Duration::ZERO,
        probes: 0,
    };
    assert_eq!(problems(nonsense), 5);
}
