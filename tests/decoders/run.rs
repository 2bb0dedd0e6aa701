//! Runs targets: one input within bounds of time and memory, many in a process of their own, all of them beside each other.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::{Command, Stdio, exit};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::MEMORY;
use crate::mutate::input;
use crate::targets::{Target, all};

/// The memory that a target may take whatever its input is: caches, tables, buffers.
const BASE: usize = 512 << 10;
/// What may stay when all inputs are done: caches that are bounded.
const LEFT: usize = 4 << 20;
/// An input that keeps a processor for longer is too slow: a large one has 128 KB, so this is some microseconds for each byte.
const SLOW: Duration = Duration::from_millis(if cfg!(debug_assertions) { 10_000 } else { 300 });
/// An input that takes longer on the clock never ends.
const HANGS: Duration = Duration::from_secs(60);
/// So many findings of a target are enough.
const ENOUGH: usize = 3;
/// How often a finding's input is tried shorter.
const TRIES: usize = 3000;

thread_local! {
    static SAID: RefCell<String> = const { RefCell::new(String::new()) };
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.replace('_', "").parse().ok()
}

fn wanted() -> Option<String> {
    std::env::var("TARGET").ok().filter(|name| !name.is_empty())
}

fn find(name: &str) -> &'static Target {
    let names = || all().iter().map(|target| target.name).collect::<Vec<_>>().join(" ");
    all().into_iter().find(|target| target.name == name).unwrap_or_else(|| panic!("there is no target {name}, but {}", names()))
}

/// A target's place in the streams of chance.
fn stream(target: &Target) -> u64 {
    target.name.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte))
}

/// The valid inputs: those of the code, then those in the corpus, in the order of their names.
fn samples(target: &Target) -> Vec<Vec<u8>> {
    let mut samples = (target.samples)();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/decoders/corpus").join(target.name);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    samples.extend(files.iter().map(|file| std::fs::read(file).unwrap()));
    samples
}

/// What an input took.
#[derive(Clone, Copy, Default)]
struct Took {
    time: Duration,
    memory: usize,
}

/// Runs one input; `Err` says what does not hold.
fn one(target: &Target, data: &[u8]) -> Result<Took, String> {
    MEMORY.reset_peak_usage();
    let (before, began) = (MEMORY.current_usage(), Instant::now());
    let ended = catch_unwind(AssertUnwindSafe(|| (target.run)(data)));
    let time = began.elapsed();
    let memory = MEMORY.peak_usage().saturating_sub(before);
    if ended.is_err() {
        return Err(SAID.take());
    }
    if time > SLOW {
        // The machine may be busy with others: what counts is the processor's time.
        let before = processor();
        (target.run)(data);
        let time = before.zip(processor()).map_or(time, |(before, after)| after.saturating_sub(before));
        if time > SLOW {
            return Err(format!("slow: {time:?} for {} bytes", data.len()));
        }
    }
    if memory > BASE + target.memory * data.len() {
        return Err(format!("memory: {memory} bytes for {}, and {} for each are allowed", data.len(), target.memory));
    }
    Ok(Took { time, memory })
}

/// The processor's time of this thread, where the system tells it.
fn processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Keeps what a panic says, and where, in place of printing it.
fn listen() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|place| format!(" ({}:{})", place.file(), place.line())).unwrap_or_default();
        let said = info.payload_as_str().unwrap_or("a panic");
        let said: String = said.chars().take(600).collect();
        SAID.set(said + &place);
    }));
}

/// What makes two findings one: the kind, or the place in the code.
fn kind(said: &str) -> String {
    let at = said.rfind(" (").unwrap_or_else(|| said.find(':').unwrap_or(said.len()));
    said[if said[at..].starts_with(" (") { at..said.len() } else { 0..at }].to_owned()
}

/// A shorter input that leads to the same.
fn shrink(target: &Target, data: &[u8], said: &str) -> Vec<u8> {
    let (mut best, wanted) = (data.to_vec(), kind(said));
    let mut left = TRIES;
    let mut size = best.len() / 2;
    while size > 0 && left > 0 {
        let mut at = 0;
        while at < best.len() && left > 0 {
            left -= 1;
            let shorter = [&best[..at], &best[(at + size).min(best.len())..]].concat();
            match one(target, &shorter) {
                Err(said) if kind(&said) == wanted => best = shorter,
                _ => at += size,
            }
        }
        size /= 2;
    }
    best
}

fn shown(data: &[u8]) -> String {
    let mut out = String::new();
    for byte in data.iter().take(400) {
        let _ = write!(out, "{}", byte.escape_ascii());
    }
    if data.len() > 400 { out + "…" } else { out }
}

/// The process of one target: tells each finding, and how far it came, on its standard output.
fn child(name: &str) {
    listen();
    let target = find(name);
    let samples = samples(target);
    let (first, count) = (number("FIRST").unwrap_or(1), number("INPUTS").unwrap_or(0));
    let is_careful = number("CAREFUL").is_some();
    let (at, began) = (Arc::new(AtomicU64::new(0)), Instant::now());
    watch(&at);
    let (mut slowest, mut most) = (Duration::ZERO, 0.0_f64);
    let mut kinds: Vec<String> = Vec::new();
    let mut try_one = |place: String, data: &[u8]| {
        at.fetch_add(1, Ordering::Relaxed);
        match one(target, data) {
            Ok(took) => {
                slowest = slowest.max(took.time);
                if data.len() >= 4096 {
                    most = most.max(took.memory as f64 / data.len() as f64);
                }
            }
            Err(said) if kinds.len() < ENOUGH && !kinds.contains(&kind(&said)) => {
                kinds.push(kind(&said));
                let short = shrink(target, data, &said);
                let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("target/decoders/{name}-{place}"));
                let _ = std::fs::create_dir_all(file.parent().unwrap()).and_then(|()| std::fs::write(&file, &short));
                println!("FOUND {place} {} <- {}", said.replace('\n', " "), shown(&short));
            }
            Err(_) => {}
        }
        kinds.len() < ENOUGH
    };
    for (index, sample) in samples.iter().enumerate() {
        println!("AT sample{index}");
        try_one(format!("sample{index}"), sample);
    }
    let settled = MEMORY.current_usage();
    for seed in first..first + count {
        if is_careful || (seed - first).is_multiple_of(1000) {
            println!("AT {seed}");
        }
        if !try_one(seed.to_string(), &input(&samples, seed, stream(target))) {
            break;
        }
    }
    let left = MEMORY.current_usage().saturating_sub(settled);
    if left > LEFT {
        println!("FOUND end memory: {left} bytes did not come back");
    }
    let total = samples.len() as u64 + count;
    println!("DONE {total} {} {} {most:.1}", began.elapsed().as_millis(), slowest.as_micros());
}

/// Ends the process when one input takes for ever.
fn watch(at: &Arc<AtomicU64>) {
    let at = Arc::clone(at);
    std::thread::spawn(move || {
        let mut last = (0, Instant::now());
        loop {
            std::thread::sleep(Duration::from_millis(500));
            let now = at.load(Ordering::Relaxed);
            if now != last.0 {
                last = (now, Instant::now());
            } else if last.1.elapsed() > HANGS {
                exit(97);
            }
        }
    });
}

/// What a target's process told.
#[derive(Default)]
struct Told {
    findings: Vec<(String, String)>,
    done: Option<String>,
    at: String,
    status: String,
}

fn ask(target: &Target, first: u64, count: u64, is_careful: bool) -> Told {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "decoders", "--nocapture", "--test-threads=1"]).env("DECODER", target.name);
    command.env("FIRST", first.to_string()).env("INPUTS", count.to_string()).env_remove("SEED");
    if is_careful {
        command.env("CAREFUL", "1");
    }
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut told = Told::default();
    for line in BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok) {
        // The test harness leaves its own line open.
        let line = line.trim_start_matches("test decoders ... ");
        if let Some(at) = line.strip_prefix("AT ") {
            told.at = at.to_owned();
        } else if let Some((place, said)) = line.strip_prefix("FOUND ").and_then(|rest| rest.split_once(' ')) {
            told.findings.push((place.to_owned(), said.to_owned()));
        } else if let Some(done) = line.strip_prefix("DONE ") {
            told.done = Some(done.to_owned());
        }
    }
    let status = process.wait().unwrap();
    told.status = if status.code() == Some(97) { "an input that takes for ever".to_owned() } else { status.to_string() };
    told
}

/// A target's findings and its line of the report.
fn campaign(target: &Target, first: u64, count: u64) -> (Vec<(String, String)>, String) {
    let mut told = ask(target, first, count, false);
    if told.done.is_none() {
        // It died. Which input it was is told by going slowly from the last known one on.
        let from: u64 = told.at.parse().unwrap_or(first);
        let again = ask(target, from, 1001, true);
        let (at, status) = if again.done.is_none() { (again.at, again.status) } else { (told.at.clone(), told.status.clone()) };
        told.findings.push((at, format!("the process ended: {status}")));
    }
    let numbers: Vec<f64> = told.done.iter().flat_map(|done| done.split(' ')).filter_map(|number| number.parse().ok()).collect();
    let line = match numbers[..] {
        [inputs, ms, slowest, most] => format!(
            "{:<13} {inputs:>9} inputs {:>7.1} s {:>8.1} µs each {:>9.1} ms slowest {most:>6.1} bytes for each of an input",
            target.name,
            ms / 1000.0,
            ms * 1000.0 / inputs,
            slowest / 1000.0
        ),
        _ => format!("{:<13} did not end", target.name),
    };
    (told.findings, line)
}

/// One input, told: that of a seed, or a sample.
fn replay(target: &Target, seed: &str) {
    let samples = samples(target);
    let data = match seed.strip_prefix("sample") {
        Some(index) => samples[index.parse::<usize>().unwrap()].clone(),
        None => input(&samples, seed.parse().unwrap(), stream(target)),
    };
    println!("{} bytes: {}", data.len(), shown(&data));
    // Without the hook, so that a panic tells its own story.
    (target.run)(&data);
    let took = one(target, &data).unwrap_or_else(|said| panic!("{said}"));
    println!("holds; {:?}, {} bytes", took.time, took.memory);
}

pub(crate) fn main() {
    if let Ok(name) = std::env::var("DECODER") {
        return child(&name);
    }
    let targets: Vec<_> = wanted().map_or_else(all, |name| vec![find(&name)]);
    if let Ok(seed) = std::env::var("SEED") {
        return targets.iter().for_each(|target| replay(target, &seed));
    }
    // Unoptimised, an input takes twenty times as long.
    let usual = if cfg!(debug_assertions) { 60 } else { 2000 };
    let (first, count) = (number("FIRST").unwrap_or(1), number("INPUTS").unwrap_or(usual));
    let threads = number("THREADS").unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64));
    let (next, found, began) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (findings, line) = campaign(target, first, count);
                    println!("{line}");
                    found.lock().unwrap().extend(findings.into_iter().map(|finding| (target.name, finding)));
                }
            });
        }
    });
    let found = found.into_inner().unwrap();
    println!("{} targets in {:.1} s, {} findings", targets.len(), began.elapsed().as_secs_f64(), found.len());
    for (name, (place, said)) in &found {
        println!("\n── {name} {place}: {said}\nreplay: make fuzz DECODERS=1 TARGET={name} SEED={place}");
    }
    assert!(found.is_empty(), "decoders do not hold");
}

/// The runner sees what it is there for.
pub(crate) fn finds() {
    let target = |run: fn(&[u8])| Target { name: "own", run, samples: Vec::new, memory: 10 };
    assert!(one(&target(|_| {}), b"x").is_ok());
    let broken = target(|data| assert!(!data.contains(&b'!'), "a mark"));
    let quiet = std::panic::take_hook();
    listen();
    let (said, short) =
        (one(&broken, b"a!b").err(), shrink(&broken, b"aaaaaaaa!bbb", &one(&broken, b"!").err().unwrap_or_default()));
    std::panic::set_hook(quiet);
    assert!(said.is_some_and(|said| said.starts_with("a mark (")));
    assert_eq!(short, b"!");
    let greedy = target(|data| drop(std::hint::black_box(vec![7_u8; BASE * 4 + data.len()])));
    assert!(one(&greedy, b"x").is_err_and(|said| said.starts_with("memory: ")));
}
