//! What a command for a whole file is said to take, against the command by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cipher_survey::analysis::rows::row::Row;
use cipher_survey::analysis::rows::whole::EndTimes;
use cipher_survey::analysis::summarise;
use cipher_survey::model::{Direction, Survey};
use serde::{Deserialize, Serialize};

use crate::Report;
use crate::bed::{ALL, Bed, Combination};
use crate::evidence::{self, middle};
use crate::series::{self, Series, many};
use crate::testbed::{CHACHA, GCM};

const PAIRS: usize = 9;
const METHODS: [&str; 3] = ["sftp", "scp", "pipe"];
const CIPHERS: [&str; 2] = [GCM, CHACHA];
const SMALL: u64 = 20 << 20;
const LARGE: u64 = 500 << 20;
const DIRECTIONS: [Direction; 2] = [Direction::Upload, Direction::Download];
/// Bounds, in per cent: of the median of all errors, and of each.
const MEDIAN: f64 = 5.0;
const LARGEST: f64 = 15.0;

/// One command by hand.
#[derive(Serialize, Deserialize)]
struct ByHand {
    method: String,
    pair: usize,
    cipher: String,
    direction: Direction,
    bytes: u64,
    real_s: f64,
    /// The control groups' accounts.
    client_s: f64,
    server_s: f64,
}

pub fn measure(directory: &Path) {
    // Of one server and account alone, with `--setting NAME`: the evidence of the others is kept.
    let only = std::env::args().skip_while(|word| word != "--setting").nth(1);
    match only {
        None => evidence::begin(directory),
        Some(_) => fs::create_dir_all(directory).unwrap(),
    }
    let is_wanted = |one: &&Combination| only.as_ref().is_none_or(|name| name == one.name);
    for combination in ALL.iter().filter(is_wanted) {
        let bed = Bed::new(combination, LARGE);
        let hands = Hands::new(bed);
        let (mut series, mut by_hand) = (Series::default(), Vec::new());
        for method in METHODS {
            for pair in 0..many(PAIRS) {
                let what = format!("{} {method} {pair}", combination.name);
                if hands.survey(&what, method, pair, &mut series) {
                    by_hand.extend(hands.copies(method, pair));
                }
            }
        }
        series.keep(directory, combination.name);
        evidence::keep_figures(&combination.file(directory, "by-hand"), &by_hand);
    }
}

/// A testbed with the files of the copies by hand.
struct Hands {
    bed: Bed,
    small: PathBuf,
    /// On the remote host: a directory that the account may write.
    remote: PathBuf,
}

impl Hands {
    fn new(bed: Bed) -> Hands {
        let small = bed.testbed.file("small", SMALL);
        let target = bed.testbed.target();
        let remote = PathBuf::from(target.split_once(':').unwrap().1);
        let hands = Hands { bed, small, remote };
        // What downloads fetch.
        for bytes in [SMALL, LARGE] {
            hands.run(&mut hands.command("scp", GCM, Direction::Upload, bytes));
            let kept = hands.remote_file("kept", bytes);
            fs::rename(hands.remote_file("up", bytes), kept).unwrap();
        }
        // What is not on the disk yet can't be taken out of the page cache.
        rustix::fs::sync();
        hands
    }

    fn local(&self, bytes: u64) -> &Path {
        if bytes == SMALL { &self.small } else { &self.bed.file }
    }

    fn remote_file(&self, what: &str, bytes: u64) -> PathBuf {
        self.remote.join(format!("{what}-{bytes}"))
    }

    fn downloaded(&self, bytes: u64) -> PathBuf {
        self.bed.testbed.path(&format!("down-{bytes}"))
    }

    /// A survey of one round; whether it went well.
    fn survey(&self, what: &str, method: &str, pair: usize, series: &mut Series) -> bool {
        let testbed = &self.bed.testbed;
        let (journal, mut program) = (testbed.path("journal"), testbed.program());
        program.env("PATH", self.path());
        program.args(["--method", method, "--ciphers", &CIPHERS.join(","), "--rounds", "1", "-q"]);
        program.args(["--sink", "file", "--no-confirm", "--seed", &pair.to_string()]);
        program.arg("--journal").arg(&journal).arg("--ssh-config");
        program.arg(testbed.path("ssh_config")).arg(testbed.target()).arg(&self.bed.file);
        series.add(what, &mut program, &journal).is_some()
    }

    /// The programs whose processes join their group.
    fn path(&self) -> String {
        let own = self.bed.testbed.path("bin");
        format!("{}:{}", own.display(), std::env::var("PATH").unwrap())
    }

    /// All copies by hand of a pair, another order each time.
    fn copies(&self, method: &str, pair: usize) -> Vec<ByHand> {
        let mut all = Vec::new();
        for k in 0..CIPHERS.len() {
            let cipher = CIPHERS[(k + pair) % CIPHERS.len()];
            for direction in DIRECTIONS {
                for bytes in [SMALL, LARGE] {
                    all.push(self.copy(method, pair, cipher, direction, bytes));
                }
            }
        }
        all
    }

    fn copy(
        &self,
        method: &str,
        pair: usize,
        cipher: &str,
        direction: Direction,
        bytes: u64,
    ) -> ByHand {
        // As the survey has it: what is read comes from the disk.
        let source = match direction {
            Direction::Upload => self.local(bytes).to_owned(),
            Direction::Download => self.remote_file("kept", bytes),
        };
        forget(&source);
        let spent = || (self.bed.clients.cpu_s(), self.bed.server_s());
        let before = spent();
        let mut command = self.command(method, cipher, direction, bytes);
        let started = Instant::now();
        self.run(&mut command);
        let real_s = started.elapsed().as_secs_f64();
        // Until the last server process has gone.
        std::thread::sleep(Duration::from_millis(100));
        let (client_s, server_s) = spent();
        let (client_s, server_s) = (client_s - before.0, server_s - before.1);
        let copied = match direction {
            Direction::Upload => self.remote_file("up", bytes),
            Direction::Download => self.downloaded(bytes),
        };
        assert_eq!(fs::metadata(&copied).unwrap().len(), bytes);
        fs::remove_file(copied).unwrap();
        let (method, cipher) = (method.to_owned(), cipher.to_owned());
        ByHand { method, pair, cipher, direction, bytes, real_s, client_s, server_s }
    }

    fn run(&self, command: &mut Command) {
        let status = command.status().unwrap();
        assert!(status.success(), "{command:?}: {status}");
    }

    /// What a user would type.
    fn command(&self, method: &str, cipher: &str, direction: Direction, bytes: u64) -> Command {
        let (up, kept) = (self.remote_file("up", bytes), self.remote_file("kept", bytes));
        let (local, down) = (self.local(bytes), self.downloaded(bytes));
        let program = if method == "pipe" { "ssh" } else { method };
        let mut command = self.bed.testbed.client(program);
        command.env("PATH", self.path()).args(["-c", cipher]);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        if method != "pipe" {
            // They would start the system's ssh, whatever version they are of themselves.
            command.arg("-S").arg(self.bed.testbed.path("bin").join("ssh"));
        }
        let batch = self.bed.testbed.path("batch");
        match (method, direction) {
            ("scp", Direction::Upload) => {
                command.arg("-q").arg(local).arg(format!("testbed:{}", up.display()));
            }
            ("scp", Direction::Download) => {
                command.arg("-q").arg(format!("testbed:{}", kept.display())).arg(down);
            }
            ("sftp", Direction::Upload) => {
                fs::write(&batch, format!("put {} {}\n", local.display(), up.display())).unwrap();
                command.arg("-q").arg("-b").arg(batch).arg("testbed");
            }
            ("sftp", Direction::Download) => {
                fs::write(&batch, format!("get {} {}\n", kept.display(), down.display())).unwrap();
                command.arg("-q").arg("-b").arg(batch).arg("testbed");
            }
            (_, Direction::Upload) => {
                command.arg("testbed").arg(format!("cat >{}", up.display()));
                return piped("cat \"$0\" | \"$@\"", local, &command);
            }
            (_, Direction::Download) => {
                command.arg("testbed").arg(format!("cat {}", kept.display()));
                return piped("\"$@\" | cat >\"$0\"", &down, &command);
            }
        }
        command
    }
}

/// Takes a file out of the page cache.
fn forget(file: &Path) {
    let mut dd = Command::new("dd");
    dd.arg(format!("if={}", file.display())).args(["iflag=nocache", "count=0", "status=none"]);
    assert!(dd.status().unwrap().success());
}

/// A command in a pipeline of a shell, with the same environment.
fn piped(script: &str, file: &Path, command: &Command) -> Command {
    let mut piped = Command::new("sh");
    piped.arg("-c").arg(script).arg(file).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => piped.env(name, value),
            None => piped.env_remove(name),
        };
    }
    piped.stdin(Stdio::null());
    piped
}

impl Drop for Hands {
    fn drop(&mut self) {
        for bytes in [SMALL, LARGE] {
            let _ = fs::remove_file(self.remote_file("kept", bytes));
        }
    }
}

/// Seconds of a command: real, and CPU of each end.
#[derive(Clone, Copy)]
struct Seconds {
    real_s: f64,
    client_s: f64,
    server_s: f64,
}

/// What a survey says of the command for so many bytes.
fn said(survey: &Survey, cipher: &str, direction: Direction, bytes: u64) -> Option<Seconds> {
    let summary = summarise(survey);
    let table = summary.tables.iter().find(|table| table.direction == direction)?;
    let section = &table.sections[0];
    let row = section.rows.iter().find(|row| row.cipher.as_str() == cipher)?;
    // The survey's FILE is the large one.
    let less = survey.header.file.bytes as f64 - bytes as f64;
    let cpu = |times: Option<EndTimes>, cost: fn(&Row) -> Option<f64>| {
        let times = times?;
        Some(times.user_s + times.system_s - less / 1e9 * cost(row)?)
    };
    Some(Seconds {
        real_s: row.whole_file.of_part_s(row.rate_mb_per_s?, section.storage.as_ref(), bytes)?,
        client_s: cpu(row.whole_file.client, |row| Some(row.client.as_ref()?.cpu_s_per_gb))?,
        server_s: cpu(row.whole_file.server, |row| Some(row.server.as_ref()?.cpu_s_per_gb))?,
    })
}

pub fn report(directory: &Path) -> Report {
    let mut text = format!(
        "# What a command for a whole file is said to take\n\n\
         Surveys of one round with two ciphers ({}) and a file of {} MiB, in turn with commands by hand: each \
         cipher, up and down, that file and one of {} MiB. By hand: `scp`, `sftp -b`, and `cat | ssh testbed 'cat >FILE'`, each with the ssh of its version, what is read taken out of the page cache first. What the \
         survey says of the command (`whole_file`; of the smaller file what its rate and costs leave of that) \
         against its wall time and the control groups of the client programs and of the server's processes, \
         helpers apart (also what the login shell spends before it can leave that group). Error: the median over {PAIRS} pairs of the ratio, both ciphers together. Bounds: the median \
         of all errors {MEDIAN:.0} %, none above {LARGEST:.0} %.\n\n\
         | server and account | method | direction | MiB | pairs | by hand, s | real | client CPU | server CPU |\n\
         | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
        CIPHERS.join(", "),
        LARGE >> 20,
        SMALL >> 20,
    );
    let (mut errors, mut missed) = (Vec::new(), Vec::new());
    for combination in &ALL {
        let (kept, failed) = series::kept(directory, combination.name);
        missed.extend(failed.iter().map(|why| format!("{}: {why}", combination.name)));
        let by_hand: Vec<ByHand> = evidence::figures(&combination.file(directory, "by-hand"));
        let mut surveys = kept.iter().map(|one| &one.survey);
        for method in METHODS {
            let own: Vec<&ByHand> = by_hand.iter().filter(|one| one.method == method).collect();
            let mut pairs: Vec<usize> = own.iter().map(|one| one.pair).collect();
            pairs.dedup();
            // In the order in which they were made; one that failed has no copies.
            let of_pair: Vec<(usize, &Survey)> = pairs.into_iter().zip(surveys.by_ref()).collect();
            for direction in DIRECTIONS {
                for bytes in [SMALL, LARGE] {
                    let what =
                        format!("{} | {method} | {direction} | {}", combination.name, bytes >> 20);
                    let (line, own_errors) = cell(&own, &of_pair, direction, bytes);
                    text += &format!("| {what} | {line} |\n");
                    for (figure, error) in
                        ["real", "client CPU", "server CPU"].iter().zip(own_errors)
                    {
                        errors.push(error.abs());
                        if error.abs() > LARGEST {
                            missed.push(format!(
                                "{} {figure}: {error:+.1} %",
                                what.replace(" |", "")
                            ));
                        }
                    }
                }
            }
        }
    }
    let median = middle(&errors);
    text += &format!("\nThe median of the {} errors is {median:.1} %.\n", errors.len());
    if median > MEDIAN {
        missed.push(format!("the median of the errors is {median:.1} %"));
    }
    Report { text, missed }
}

/// A line of the table, and its errors in per cent: real, client, server.
fn cell(
    by_hand: &[&ByHand],
    surveys: &[(usize, &Survey)],
    direction: Direction,
    bytes: u64,
) -> (String, [f64; 3]) {
    let mut logs: [Vec<f64>; 3] = Default::default();
    let mut real_s = Vec::new();
    for (pair, survey) in surveys {
        let own = by_hand
            .iter()
            .filter(|one| (one.pair, one.direction, one.bytes) == (*pair, direction, bytes));
        for one in own {
            let Some(said) = said(survey, &one.cipher, direction, bytes) else { continue };
            real_s.push(one.real_s);
            logs[0].push((said.real_s / one.real_s).ln());
            logs[1].push((said.client_s / one.client_s).ln());
            logs[2].push((said.server_s / one.server_s).ln());
        }
    }
    let errors = logs.map(|logs| 100.0 * middle(&logs).exp_m1());
    let shown = errors.map(|error| format!("{error:+.1} %")).join(" | ");
    (format!("{} | {:.2} | {shown}", surveys.len(), middle(&real_s)), errors)
}
