# 日本語の文言。

direction = ltr
decimal-mark = .
percent = { $value }%
minutes-and-seconds = { $minutes }:{ $seconds }
seconds = { $value }秒
time-range = { $start }～{ $end }
interval = { $low }～{ $high }
date-and-time = { $year }年{ $month }月{ $day }日 { $time }（UTC）
day = { $year }-{ $month2 }-{ $day2 }

skip = 本文へ移動
contents = このページの内容
made-by = SOPilot { $version } で作成
made-by-anyone = SOPilot で作成

verdict-pass = 合格
verdict-fail = 不合格
verdict-needs-review = 要確認
verdict-not-comparable = 比較不可
verdict-pass-means = 手順どおりに行われました。
verdict-fail-means = 手順どおりに行われていません。人による確認が必要です。
verdict-fail-confirmed-means = 手順どおりに行われていません。
verdict-needs-review-means = 人による確認が必要です。
verdict-not-comparable-means = 2本の動画が同じ作業を写していないか、作業が見えません。点数に意味はありません。

title = { $task }：{ $video } の評価
heading-result = 結果
label-trainee = 受講者
label-gold = 手本
label-date = 評価日時
of-100 = / 100
no-score = 点数なし
score-interval = 95% 区間 { $interval }
score-interval-means = 疑われる逸脱のうちどれが本物かが分かった場合に、点数が 95% の確率で入る範囲です。
score-scale = 0 から 100 の目盛りで { $score } 点。
score-scale-with-interval = 0 から 100 の目盛りで { $score } 点、区間は { $low } から { $high } まで。
why-critical-missing = 重要な手順「{ $step }」が行われていません。
why-critical-wrong = 重要な手順「{ $step }」が正しく行われていません。
why-fail = 点数が低すぎます。
why-needs-review = 点数または映像だけでは判断できません。
why-pass = 点数は十分で、重要な手順はすべて正しく行われました。
why-not-comparable = 動画を比較できません。
original-sentence = 原文
reviewed-by = { $reviewer } が { $date } に判断しました。
review-changed = システムの判定は「{ $verdict }」でした。
review-confirmed = システムの判定どおりです。

cost-more = ほか { $count } 件（減点はこれ以下）
heading-cost = 減点の内訳
nothing-differs = 手順との違いはありません。
points-lost = −{ $points }
no-points = 減点なし
step-numbered = 手順{ $number }
false-alarm = 誤検出

kind-missing-step = 未実施
kind-out-of-order = 順序違い
kind-repeated-step = 繰り返し
kind-extra-activity = 余分な作業
kind-wrong-execution = 誤りまたは一部のみ
kind-over-time = 遅すぎる
kind-under-time = 速すぎる

seen-missing-step = 「{ $step }」は動画のどこにも見つかりませんでした。
seen-out-of-order = 「{ $step }」は手順で許されていない位置で行われました。
seen-repeated-step = 「{ $step }」がもう一度行われました。
seen-extra-activity = どの手順にも属さない作業が { $duration } 続きました。
seen-wrong-execution = 「{ $step }」の代わりに別の作業が行われたか、一部しか行われませんでした。
seen-over-time = 「{ $step }」に時間がかかりすぎました。
seen-under-time = 「{ $step }」が速すぎました。
seen-over-time-ratio = 「{ $step }」に、この速さで見込まれる時間の { $ratio } がかかりました。
seen-under-time-ratio = 「{ $step }」に、この速さで見込まれる時間の { $ratio } しかかけていません。

heading-timeline = 2本の動画
timeline-title = 2本の動画の手順と時間
timeline-description = 同じ時間軸で、上に手本の手順 { $steps } 件、下に受講者の手順を示します。帯は各手順と、受講者がそれを行った位置を結びます。{ $deviations ->
    [0] 逸脱はありません。
   *[other] 逸脱 { $deviations } 件に番号を付けています。
}同じ内容を下の表に言葉で示します。
timeline-region = 2本の動画の時間軸。狭い画面では横に動かせます
timeline-hint = 四角の中の数字は手順、丸の中の数字は下に示す逸脱の番号です。
legend = 記号
sign-done = 実施
sign-deviated = 実施（逸脱あり）
sign-wrong = 誤りまたは一部のみ
sign-missing = 未実施
sign-skipped = 省略（任意の手順）
sign-extra = どの手順にも属さない

heading-deviations = 逸脱
when-gold = 手本の時刻
when-trainee = 受講者の時刻
when-should-have-been = 行うべきだった時刻
how-sure = 確かさ
points = 点数
without-it = これがなければ
without-it-same = 判定は同じ
review-status = 人の確認
review-none = 未確認
review-real = { $reviewer } が認めました
review-false-alarm = { $reviewer } が誤検出と判断しました
picture-gold = 手本 { $time }
picture-trainee = 受講者 { $time }
picture-alt-gold = 手本の { $time } の画面
picture-alt-trainee = 受講者の動画の { $time } の画面
no-picture = 画像なし
pictures-left-out = ページを小さくするため、画像 { $count ->
   *[other] { $count }
} 枚を省きました。
pictures-off = 指定により画像を省きました。

heading-steps = 手順
column-step = 手順
column-status = 状態
column-gold = 手本
column-trainee = 受講者
column-duration = 所要時間
column-similarity = 類似度
column-weight = 重み
duration-means = 所要時間：受講者の速さに合わせた手本に対する割合。類似度：0%（無関係）から 100%（手本そのもの）まで。
steps-caption = 各手順の結果
status-done = 実施
status-deviated = 実施（逸脱あり）
status-wrong = 誤りまたは一部のみ
status-missing = 未実施
status-skipped = 省略（任意）
status-unresolved = 上位の手順として判定
critical = 重要
optional = 任意
not-seen = 見つからず
steps-empty = この作業には手順がありません。

heading-similarity = 2本の動画の類似
similarity-means = 1つの点は、手本のある瞬間と受講者の動画のある瞬間を比べたものです。濃いほど似ています。線は両者の対応、端の数字は手順です。濃い対角線がまっすぐなら、手本どおりです。
similarity-title = 2本の動画の類似度
similarity-description = { $rows } × { $columns } の瞬間の図。上から下へ手本、左から右へ受講者。{ $jumps ->
    [0] 対応の線は途切れません。
   *[other] 対応の線は { $jumps } 回飛びます。
}
axis-gold = 手本
axis-trainee = 受講者

heading-numbers = 数値
heading-metrics = 15 の指標
heading-research = 研究用の指標
heading-provenance = この報告の出所
column-metric = 指標
column-value = 値
column-meaning = 意味
metrics-note = 以前のシステムと同じ指標です。時間を追った比較のために示します。
research-note = どれも点数には影響しません。

metric-miss = 未実施の手順
metric-miss-means = 行われなかった手順の数。
metric-swap = 入れ替わった手順
metric-swap-means = 順序が逆になった隣り合う手順の組の数。
metric-deviation = 手本と違う手順
metric-deviation-means = 行われたが手本と違った手順の数。
metric-over-time = 遅い手順
metric-over-time-means = 時間がかかりすぎた手順の数。
metric-temporal-warp = 時間のゆがみ
metric-temporal-warp-means = 対応経路の対角線からの平均距離。動画の長さに対する割合。
metric-path-stretch = 経路の伸び
metric-path-stretch-means = 長いほうの動画に対する対応経路の長さ。1 以上。
metric-duplicate-ratio = 重複率
metric-duplicate-ratio-means = 直前と同じ手本の場面に対応した受講者の場面の割合。
metric-order-violation-ratio = 順序違反率
metric-order-violation-ratio-means = 最も似た手順が後戻りする連続した場面の割合。
metric-temporal-drift = 時間のずれ
metric-temporal-drift-means = 対角線からの符号付き平均距離。負なら受講者が先行。−1 から 1。
metric-confidence-loss = 信頼の損失
metric-confidence-loss-means = 1 から経路上の平均類似度を引いた値。0 から 2。
metric-local-similarity-gap = 局所類似度の差
metric-local-similarity-gap-means = 順序を自由にした場合に増える類似度。0 から 2。
metric-adaptive-threshold = 適応しきい値
metric-adaptive-threshold-means = この動画の組で、似ていないとみなす類似度の境。
metric-effective-threshold = 使用したしきい値
metric-effective-threshold-means = 実際に使った境。適応しきい値を定めた範囲に収めたもの。
metric-hard-miss-ratio = 明らかな不一致の割合
metric-hard-miss-ratio-means = 使用したしきい値を下回る手本の場面の割合。
metric-mean-alignment-cost = 平均対応コスト
metric-mean-alignment-cost-means = 対応経路上の局所コストの平均。

research-deviation-interval = 逸脱が分かった場合の点数（95%）
research-deviation-interval-means = 疑われる逸脱のどれが本物かが分かった場合の点数の範囲。
research-step-interval = このような作業の平均点（95%）
research-step-interval-means = 手順を標本とみた場合の平均点の範囲。
research-step-order-tau = 手順のケンドールの τ
research-step-order-tau-means = 手順の順序の一致。−1（逆順）から 1。
research-warp-tau = 対応のケンドールの τ-b
research-warp-tau-means = 手本に対する瞬間の順序の一致。−1 から 1。
research-hausdorff = 手順の境のハウスドルフ距離
research-hausdorff-means = 受講者の速さに合わせた手本と、手順の境がどれだけ離れているか。
research-frechet = 離散フレシェ距離
research-frechet-means = 両方の動画を最もよくたどったときの、最も悪い瞬間。0 から 2。
not-defined = 定義されない

provenance-job = 評価ジョブ
provenance-created = 評価日時
provenance-task-version = 手順書の版
provenance-gold = 手本
provenance-gold-version = { $id }、第 { $version } 版
provenance-trainee = 受講者の動画
provenance-embedder = 埋め込み
provenance-embedder-version = { $name }、版 { $version }
provenance-checksum = パラメーターのチェックサム
provenance-adapter = アダプター
provenance-engine = 対応付けエンジン
provenance-calibration = 較正
provenance-code = SOPilot

page-of = { $page } / { $pages } ページ

overview-title = { $task }：すべての結果
history-title = { $trainee }：{ $task }
heading-overview = 概要
no-results = まだ結果がありません。
label-mean = 平均点
label-median = 中央値
label-latest = 最新の点数
label-passed = 合格
passed-of = { $passed } / { $count }
older-not-counted = { $count ->
   *[other] 動画は最新の結果だけを数えます。同じ動画の以前の結果 { $count } 件は数えていません。
}
heading-verdicts = 判定
column-verdict = 判定
column-count = 件数
column-share = 割合
heading-distribution = 点数の分布
distribution-title = 点数ごとの件数
distribution-description = 10 点ごとの棒グラフ。最も多いのは { $from } 点から { $to } 点の { $most } 件です。
distribution-left-out = { $count ->
   *[other] 比較できない { $count } 件
}は点数がないため省きました。
heading-over-time = 点数の推移
over-time-title = 結果ごとの点数の推移
over-time-description = { $from } の { $first } 点から { $to } の { $last } 点まで。
heading-frequent = 多い逸脱
frequent-caption = その逸脱がある結果の件数
frequent-none = 逸脱のある結果はありません。
column-what = 内容
column-results = 件数
heading-results = 結果一覧
results-caption = 各動画の最新の結果（新しい順）
column-when = 日時
column-video = 動画
column-trainee-label = 受講者
column-score = 点数
column-deviations = 逸脱
no-trainee = –
heading-trainees = 受講者
trainees-caption = 受講者ごとに 1 行
column-mean = 平均
column-latest = 最新
rows-cut = { $count } 行のうち最初の { $shown } 行を示します。
