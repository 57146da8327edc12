//! Our side of `make bench-dtw`: does what the lines on its standard input say
//! and answers each with one line, so that the driver (`benches/peers`) can
//! call it between two peers.
//!
//! ```text
//! about                                            ok ENGINE
//! load GOLD TRAINEE ROWS COLUMNS DIM [PAIRS]       ok
//! costs FILE                                       ok
//! run NAME THREADS                                 ok NANOSECONDS CELLS TOTAL
//! path FILE                                        ok
//! ```
//!
//! Files hold little-endian numbers and nothing else: `load` and `costs` read
//! f32, row-major; `path` writes the last run's path, two u32 a cell. What
//! cannot be done is answered `error MESSAGE`.
#![allow(clippy::print_stdout, reason = "an example reports to the terminal")]

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write, stdin};
use std::time::{Duration, Instant};

use dtw_rs::{Solution, dtw_with_distance};
use sopilot_dtw::{
    Alignment, DtwError, Engine, MatrixView, Options, Pruning, Side, align, align_batch,
    align_costs,
};

type Path = Vec<(u32, u32)>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut bench = Bench::default();
    for line in stdin().lock().lines() {
        match bench.answer(&line?) {
            Ok(answer) => println!("{}", format!("ok {answer}").trim_end()),
            Err(error) => println!("error {error}"),
        }
    }
    Ok(())
}

/// What was loaded, and what the last run found.
#[derive(Default)]
struct Bench {
    rows: usize,
    columns: usize,
    dim: usize,
    /// All pairs, one after the other.
    gold: Vec<f32>,
    trainee: Vec<f32>,
    /// Of the first pair.
    costs: Vec<f32>,
    path: Path,
}

/// What a run answers.
struct Run {
    time: Duration,
    cells: usize,
    total: f64,
    /// Empty where there are several.
    path: Path,
}

impl Bench {
    fn answer(&mut self, line: &str) -> Result<String, Box<dyn Error>> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["about"] => return Ok(Engine::best().name().to_owned()),
            ["load", gold, trainee, rows, columns, dim] => {
                self.load([gold, trainee], [rows, columns, dim, "1"])?;
            }
            ["load", gold, trainee, rows, columns, dim, pairs] => {
                self.load([gold, trainee], [rows, columns, dim, pairs])?;
            }
            ["costs", file] => self.costs = read(file, self.rows * self.columns)?,
            ["run", name, threads] => {
                let run = self.run(name, threads.parse()?)?;
                self.path = run.path;
                return Ok(format!(
                    "{} {} {:e}",
                    run.time.as_nanos(),
                    run.cells,
                    run.total
                ));
            }
            ["path", file] => write_path(file, &self.path)?,
            _ => return Err(format!("no such command: {line}").into()),
        }
        Ok(String::new())
    }

    fn load(&mut self, files: [&str; 2], sizes: [&str; 4]) -> Result<(), Box<dyn Error>> {
        // What was loaded before goes first: memory is measured.
        *self = Self::default();
        let [rows, columns, dim, pairs] = sizes.map(str::parse::<usize>);
        (self.rows, self.columns, self.dim) = (rows?, columns?, dim?);
        let pairs = pairs?;
        self.gold = read(files[0], pairs * self.rows * self.dim)?;
        self.trainee = read(files[1], pairs * self.columns * self.dim)?;
        Ok(())
    }

    /// Each run starts its clock where the data lies in memory as it was
    /// loaded, and stops it when the path is there.
    fn run(&self, name: &str, threads: usize) -> Result<Run, Box<dyn Error>> {
        if self.rows == 0 {
            return Err("nothing is loaded".into());
        }
        let pruned = Options {
            threads,
            ..Options::default()
        };
        let options = Options {
            pruning: Pruning::Off,
            ..pruned
        };
        match name {
            "align" => self.align(&options),
            "align-pruned" => self.align(&pruned),
            "costs" => {
                let start = Instant::now();
                let found = align_costs(self.rows, self.columns, &self.costs, &options)?;
                Ok(Run::of(start.elapsed(), found))
            }
            "dtw_rs" => Ok(self.dtw_rs()),
            "dtw_rs-costs" => self.dtw_rs_costs(),
            "batch" => self.batch(threads),
            _ => Err(format!("there is no run {name}").into()),
        }
    }

    fn align(&self, options: &Options<'_>) -> Result<Run, Box<dyn Error>> {
        let start = Instant::now();
        let found = align_pair(
            &self.gold[..self.rows * self.dim],
            &self.trainee[..self.columns * self.dim],
            self.dim,
            options,
        )?;
        Ok(Run::of(start.elapsed(), found))
    }

    /// The peer takes sequences and a cost of two elements: here rows.
    fn dtw_rs(&self) -> Run {
        let start = Instant::now();
        let gold: Vec<&[f32]> = self.gold.chunks_exact(self.dim).collect();
        let trainee: Vec<&[f32]> = self.trainee.chunks_exact(self.dim).collect();
        let found = dtw_with_distance(&gold, &trainee, |a, b| f64::from(1.0 - dot(a, b)));
        let (path, total) = (found.path(), found.distance());
        Run::of_peer(start.elapsed(), &path, total)
    }

    /// The same peer, the elements being numbers of rows and columns.
    fn dtw_rs_costs(&self) -> Result<Run, Box<dyn Error>> {
        if self.costs.is_empty() {
            return Err("no costs are loaded".into());
        }
        let start = Instant::now();
        let rows: Vec<usize> = (0..self.rows).collect();
        let columns: Vec<usize> = (0..self.columns).collect();
        let found = dtw_with_distance(&rows, &columns, |row, column| {
            f64::from(self.costs[row * self.columns + column])
        });
        let (path, total) = (found.path(), found.distance());
        Ok(Run::of_peer(start.elapsed(), &path, total))
    }

    /// All pairs, each on one thread, all costs computed.
    fn batch(&self, threads: usize) -> Result<Run, Box<dyn Error>> {
        let gold = self.gold.chunks_exact(self.rows * self.dim);
        let trainee = self.trainee.chunks_exact(self.columns * self.dim);
        let options = Options {
            threads,
            pruning: Pruning::Off,
            ..Options::default()
        };
        let start = Instant::now();
        let pairs = gold
            .zip(trainee)
            .map(|(gold, trainee)| views(gold, trainee, self.dim))
            .collect::<Result<Vec<_>, _>>()?;
        let found = align_batch(&pairs, &options);
        let time = start.elapsed();
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(Run {
            time,
            cells: found.iter().map(|found| found.path.len()).sum(),
            total: found.iter().map(|found| found.total).sum(),
            path: Path::new(),
        })
    }
}

impl Run {
    fn of(time: Duration, found: Alignment) -> Self {
        Self {
            time,
            cells: found.path.len(),
            total: found.total,
            path: found.path,
        }
    }

    fn of_peer(time: Duration, path: &[(usize, usize)], total: f64) -> Self {
        Self {
            time,
            cells: path.len(),
            total,
            path: path.iter().map(|&(i, j)| (i as u32, j as u32)).collect(),
        }
    }
}

/// From raw rows to the path, with all checks.
fn align_pair(
    gold: &[f32],
    trainee: &[f32],
    dim: usize,
    options: &Options<'_>,
) -> Result<Alignment, DtwError> {
    let (gold, trainee) = views(gold, trainee, dim)?;
    align(&gold, &trainee, options)
}

fn views<'a>(
    gold: &'a [f32],
    trainee: &'a [f32],
    dim: usize,
) -> Result<(MatrixView<'a>, MatrixView<'a>), DtwError> {
    Ok((
        MatrixView::new(Side::Gold, gold.len() / dim, dim, gold)?,
        MatrixView::new(Side::Trainee, trainee.len() / dim, dim, trainee)?,
    ))
}

/// 16 sums side by side, which the compiler turns into vector instructions.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let (a_chunks, b_chunks) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = (a_chunks.remainder().iter().zip(b_chunks.remainder()))
        .map(|(x, y)| x * y)
        .sum::<f32>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_chunks.zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Number by number, so that nothing but the numbers takes memory.
fn read(file: &str, len: usize) -> Result<Vec<f32>, Box<dyn Error>> {
    let named = |error: std::io::Error| format!("{file}: {error}");
    let mut reader = BufReader::with_capacity(1 << 16, File::open(file).map_err(named)?);
    let mut numbers = Vec::with_capacity(len);
    let mut bytes = [0; 4];
    for _ in 0..len {
        reader.read_exact(&mut bytes).map_err(named)?;
        numbers.push(f32::from_le_bytes(bytes));
    }
    if reader.read(&mut bytes)? > 0 {
        return Err(format!("{file}: more than {len} numbers").into());
    }
    Ok(numbers)
}

fn write_path(file: &str, path: &[(u32, u32)]) -> Result<(), Box<dyn Error>> {
    let mut writer = BufWriter::new(File::create(file)?);
    for (row, column) in path {
        writer.write_all(&row.to_le_bytes())?;
        writer.write_all(&column.to_le_bytes())?;
    }
    Ok(writer.flush()?)
}
