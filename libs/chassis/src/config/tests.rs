use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Service {
    name: String,
    server: Listen,
    database: Option<String>,
    password: Secret<String>,
    mode: Mode,
    ratios: Vec<f64>,
    labels: BTreeMap<String, String>,
    tls: Option<Tls>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Tls {
    certificate: String,
    key: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Listen {
    port: u16,
    workers: Option<u32>,
    reflection: bool,
    #[serde(with = "duration")]
    timeout: Duration,
    #[serde(with = "duration::option")]
    idle: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Fast,
    Exact,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            name: "catalog".into(),
            server: Listen {
                port: 50051,
                workers: None,
                reflection: true,
                timeout: Duration::from_secs(30),
                idle: Some(Duration::from_mins(1)),
            },
            database: None,
            password: Secret::new("default-password".into()),
            mode: Mode::Fast,
            ratios: vec![0.5],
            labels: BTreeMap::new(),
            tls: None,
        }
    }
}

impl Validate for Service {
    fn validate(&self, problems: &mut Problems) {
        problems.not_empty("name", &self.name);
        problems.section("server", &self.server);
    }
}

impl Validate for Listen {
    fn validate(&self, problems: &mut Problems) {
        problems.in_range("port", &self.port, 1024..=65535);
        problems.in_range(
            "timeout",
            &self.timeout,
            Duration::from_secs(1)..=Duration::from_mins(1),
        );
    }
}

fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sopilot.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

fn from_variables(variables: &[(&str, &str)]) -> Result<Service, ConfigErrors> {
    load(&Sources::new().with_environment(
        "SOPILOT_",
        &["SOPILOT_CONFIG"],
        variables.iter().copied(),
    ))
}

fn from_file(text: &str) -> Result<Service, ConfigErrors> {
    let (_folder, path) = file(text);
    load(&Sources::new().with_file(path))
}

#[test]
fn without_sources_the_defaults_hold_even_the_secret_one() {
    assert_eq!(
        load::<Service>(&Sources::new()).unwrap(),
        Service::default()
    );
}

#[test]
fn each_layer_covers_the_ones_below() {
    let (_folder, path) =
        file("name = \"file\"\nmode = \"exact\"\n[server]\nport = 2000\ntimeout = \"5s\"\n");
    let variables = [
        ("SOPILOT_SERVER__PORT", "3000"),
        ("SOPILOT_NAME", "variable"),
        ("OTHER", "x"),
    ];
    let sources = Sources::new()
        .with_file(path)
        .with_environment("SOPILOT_", &[], variables)
        .with_overrides(["name=flag"]);
    let config: Service = load(&sources).unwrap();
    assert_eq!(config.name, "flag");
    assert_eq!(config.server.port, 3000);
    assert_eq!(config.server.timeout, Duration::from_secs(5));
    assert_eq!(config.mode, Mode::Exact);
    assert!(config.server.reflection);
}

#[test]
fn text_is_read_as_the_type_of_its_field() {
    let config = from_variables(&[
        ("SOPILOT_NAME", "42"),
        ("SOPILOT_DATABASE", "true"),
        ("SOPILOT_SERVER__WORKERS", "8"),
        ("SOPILOT_SERVER__REFLECTION", "false"),
        ("SOPILOT_SERVER__IDLE", "none"),
        ("SOPILOT_RATIOS", "[0.1, 0.2]"),
        ("SOPILOT_LABELS__ZONE", "a"),
        ("SOPILOT_PASSWORD", "123"),
    ])
    .unwrap();
    assert_eq!(config.name, "42");
    assert_eq!(config.database.as_deref(), Some("true"));
    assert_eq!(config.server.workers, Some(8));
    assert!(!config.server.reflection);
    assert_eq!(config.server.idle, None);
    assert_eq!(config.ratios, [0.1, 0.2]);
    assert_eq!(config.labels["zone"], "a");
    assert_eq!(config.password.expose(), "123");
}

#[test]
fn every_problem_is_reported_with_its_key_and_source() {
    let (_folder, path) = file("nmae = \"x\"\n\n[server]\nport = 80\ntimeout = \"5 parsecs\"\n");
    let variables = [
        ("SOPILOT_SERVER__WORKERS", "many"),
        ("SOPILOT_SERVRE__PORT", "1"),
    ];
    let sources = Sources::new()
        .with_file(&path)
        .with_environment("SOPILOT_", &[], variables)
        .with_overrides(["mode=slow", "server=1", "name"]);
    let errors = load::<Service>(&sources).unwrap_err();
    let expected = [
        ("name: write key=value", "command line".to_owned()),
        (
            "nmae: unknown key, did you mean name?",
            format!("{}:1", path.display()),
        ),
        (
            "server.timeout: `5 parsecs` is not a duration",
            format!("{}:5", path.display()),
        ),
        (
            "server.workers: invalid type: string \"many\", expected u32",
            "variable SOPILOT_SERVER__WORKERS".to_owned(),
        ),
        (
            "servre.port: unknown key, did you mean server?",
            "variable SOPILOT_SERVRE__PORT".to_owned(),
        ),
        ("mode: unknown variant `slow`", "command line".to_owned()),
        (
            "server: is a section; set one of its keys: ",
            "command line".to_owned(),
        ),
        (
            "server.port: 80 is out of range, must be in 1024..=65535",
            format!("{}:4", path.display()),
        ),
    ];
    assert_eq!(errors.problems.len(), expected.len(), "{errors}");
    for (problem, (text, source)) in errors.problems.iter().zip(expected) {
        assert!(problem.starts_with(text), "{problem}");
        assert!(problem.contains(&source), "{problem}");
    }
    assert_eq!(
        errors.to_string().lines().count(),
        1 + errors.problems.len()
    );
}

#[test]
fn tables_are_sections_optional_values_or_maps_as_the_type_has_it() {
    let text = "[server]\n[tls]\ncertificate = \"c\"\nkey = \"k\"\n[labels]\nzone = \"a\"\n";
    let (_folder, path) = file(text);
    let variables = [("SOPILOT_LABELS__RACK", "7"), ("SOPILOT_TLS__KEY", "other")];
    let sources = Sources::new().with_file(&path);
    let config: Service = load(&sources).unwrap();
    assert_eq!(config.server, Service::default().server);
    let tls = Tls {
        certificate: "c".into(),
        key: "k".into(),
    };
    assert_eq!(config.tls, Some(tls));

    let both = sources.with_environment("SOPILOT_", &[], variables);
    let config: Service = load(&both).unwrap();
    assert_eq!(config.tls.unwrap().key, "other");
    assert_eq!(config.labels["zone"], "a");
    assert_eq!(config.labels["rack"], "7");

    let errors = from_variables(&variables).unwrap_err();
    assert_eq!(errors.problems.len(), 1, "{errors}");
    assert!(
        errors.problems[0].contains("missing field `certificate`"),
        "{errors}"
    );

    let errors = from_file("[nmae]\nx = 1\n[mode]\nfast = true\n").unwrap_err();
    assert!(errors.problems[0].starts_with("mode: "), "{errors}");
    assert!(
        errors.problems[1].starts_with("nmae: unknown key"),
        "{errors}"
    );
}

#[test]
fn a_range_violation_of_a_default_says_so() {
    #[derive(Debug, Default, Serialize, Deserialize)]
    struct Odd {
        size: u32,
    }
    impl Validate for Odd {
        fn validate(&self, problems: &mut Problems) {
            problems.in_range("size", &self.size, 1..10);
        }
    }
    let errors = load::<Odd>(&Sources::new()).unwrap_err();
    assert_eq!(
        errors.problems,
        ["size: 0 is out of range, must be in 1..10 (the default)"]
    );
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_reported_and_the_other_layers_too() {
    let sources = Sources::new()
        .with_file("/nonexistent/sopilot.toml")
        .with_overrides(["nam=x"]);
    assert_eq!(load::<Service>(&sources).unwrap_err().problems.len(), 2);

    let errors = from_file("name = \"x\"\nport = = 1\n[server\n").unwrap_err();
    assert!(
        errors.problems[0].contains(":2: not valid TOML"),
        "{errors}"
    );
    assert!(
        errors
            .problems
            .iter()
            .any(|problem| problem.contains(":3: not valid TOML")),
        "{errors}"
    );
}

#[test]
fn a_wrong_secret_is_not_quoted() {
    let errors = from_file("password = 987654321\n").unwrap_err();
    assert!(errors.problems[0].starts_with("password: "), "{errors}");
    assert!(!errors.to_string().contains("987654321"));
}

#[test]
fn reserved_variables_and_kubernetes_service_links_are_no_keys() {
    let config = from_variables(&[
        ("SOPILOT_CONFIG", "/etc/sopilot.toml"),
        ("SOPILOT_CATALOG_SERVICE_HOST", "10.0.0.1"),
        ("SOPILOT_CATALOG_SERVICE_PORT_GRPC", "50051"),
        ("SOPILOT_CATALOG_PORT", "tcp://10.0.0.1:50051"),
        ("SOPILOT_CATALOG_PORT_50051_TCP_ADDR", "10.0.0.1"),
    ]);
    assert_eq!(config.unwrap(), Service::default());
    assert!(from_variables(&[("SOPILOT_PORTS", "1")]).is_err());
}

#[test]
fn text_cannot_smuggle_in_another_key() {
    let errors = from_variables(&[("SOPILOT_SERVER__PORT", "2000\nname = 1")]).unwrap_err();
    assert!(errors.problems[0].starts_with("server.port: "), "{errors}");
}

#[test]
fn what_is_not_set_is_printed_as_a_comment() {
    #[derive(Serialize)]
    struct All {
        name: Option<String>,
        port: u16,
        outer: Outer,
    }
    #[derive(Serialize)]
    struct Outer {
        folder: Option<String>,
        inner: Inner,
    }
    #[derive(Serialize)]
    struct Inner {
        limit: Option<u32>,
        size: u32,
    }
    let config = All {
        name: None,
        port: 1,
        outer: Outer {
            folder: None,
            inner: Inner {
                limit: None,
                size: 2,
            },
        },
    };
    let printed = print_config(&config);
    assert_eq!(
        printed,
        "# name = (not set)\nport = 1\n\n[outer.inner]\n# limit = (not set)\nsize = 2\n\n\
         [outer]\n# folder = (not set)\n"
    );
    toml::from_str::<toml::Table>(&printed).unwrap();
}

#[test]
fn what_is_printed_reads_back_but_for_the_secret() {
    let mut config = Service {
        database: Some("postgres://".into()),
        ..Service::default()
    };
    config.server.idle = None;
    let printed = print_config(&config);
    assert!(printed.contains("password = \"(redacted)\""), "{printed}");
    assert!(!printed.contains("default-password"), "{printed}");
    assert!(printed.contains("timeout = \"30s\""), "{printed}");
    let refused = from_file(&printed).unwrap_err().to_string();
    assert!(refused.contains("write the secret"), "{refused}");
    let written = printed.replace("(redacted)", "hunter2");
    assert_eq!(
        from_file(&written).unwrap(),
        Service {
            password: Secret::new("hunter2".into()),
            ..config
        }
    );
}
