//! Hostile texts against the binary: no panic, no hang, bounded memory, a message with a place and a way out.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const HEAD: &str = "version: 1\nname: x\n";

/// What a run came to.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    text: String,
    /// Most memory that was resident, in bytes.
    peak: u64,
}

/// Runs the binary on a file, at most for a minute.
fn run(command: &str, file: &Path) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bdr"))
        .args([command, "-p"])
        .arg(file)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Read aside, so that a full pipe holds nobody up.
    let read = |mut from: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut text = String::new();
            from.read_to_string(&mut text).unwrap();
            text
        })
    };
    let texts = [read(Box::new(child.stdout.take().unwrap())), read(Box::new(child.stderr.take().unwrap()))];
    let (begun, mut peak) = (Instant::now(), 0);
    let status = format!("/proc/{}/status", child.id());
    let code = loop {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        let kilobytes = told.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) * 1024);
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if begun.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let text: String = texts.into_iter().map(|text| text.join().unwrap()).collect();
    Ran { code, text, peak }
}

/// What the program itself takes in a debug build, and what it makes of as many values and heirs as it reads at most.
const BASE: u64 = 96 << 20;

/// Lints a text and looks at what holds of every outcome; gives what was said.
#[track_caller]
fn lint(name: &str, bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bdr.yaml");
    std::fs::write(&file, bytes).unwrap();
    let ran = run("lint", &file);
    let said = ran.text.get(..ran.text.len().min(2_000)).unwrap_or_default();
    assert!(matches!(ran.code, Some(0 | 2)), "{name}: {:?} {said}", ran.code);
    assert!(!ran.text.contains("panicked"), "{name}: {said}");
    let most = 4 * bytes.len() as u64 + BASE;
    assert!(ran.peak < most, "{name}: {} MiB for {} MiB", ran.peak >> 20, bytes.len() >> 20);
    ran.text
}

#[track_caller]
fn says(name: &str, bytes: impl AsRef<[u8]>, wanted: &[&str]) {
    let said = lint(name, bytes.as_ref());
    for part in wanted {
        assert!(said.contains(part), "{name}: `{part}` is not in\n{said}");
    }
}

#[test]
fn bombs_of_aliases_are_refused() {
    let mut laughs = format!("{HEAD}a: &a [x,x,x,x,x,x,x,x,x]\n");
    for (name, of) in ('b'..='k').zip('a'..='j') {
        writeln!(laughs, "{name}: &{name} [{}]", vec![format!("*{of}"); 9].join(",")).unwrap();
    }
    says("laughs", laughs, &["BDR-P005", "bdr.yaml:8:", "help: Write out what is repeated"]);
    let list = vec!["x"; 20_000].join(",");
    let many = vec!["*a"; 20_000].join(",");
    says("quadratic", format!("{HEAD}a: &a [{list}]\nb: [{many}]\n"), &["BDR-P005"]);
    says("long text, often", format!("{HEAD}a: &a \"{}\"\nb: [{many}]\n", "x".repeat(200_000)), &["BDR-P005"]);
    let shared = format!("{HEAD}a: &a [\"{}\"]\nb: [{many}]\n", "x".repeat(4_000));
    says("long text in a list", shared, &["BDR-P005"]);
    let mut heirs = format!("{HEAD}components:\n  c:\n    protect:\n");
    (0..2_000).for_each(|at| writeln!(heirs, "      p{at}: {{ schedule: daily }}").unwrap());
    (0..2_000).for_each(|at| writeln!(heirs, "  h{at}: {{ inherits: c }}").unwrap());
    says("heirs", heirs, &["components inherit more than 100000 protections and tiers"]);
}

#[test]
fn deep_nesting_is_refused_with_its_place() {
    for (name, part) in [("lists", "["), ("mappings", "{a: "), ("blocks", "- "), ("keys", "? ")] {
        says(name, format!("{HEAD}a: {}", part.repeat(100_000)).as_bytes(), &["bdr.yaml:3:", "help"]);
    }
    says("closed", format!("{HEAD}a: {}{}", "[".repeat(100_000), "]".repeat(100_000)), &["BDR-P004", "Write it flatter"]);
    let lines: String = (0..2_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    says("indentation", format!("{HEAD}{lines}"), &["BDR-P004", "bdr.yaml:67:"]);
}

#[test]
fn large_texts_take_bounded_memory() {
    const SIZE: usize = 10_000_000;
    let entries: String = (0..SIZE / 42).map(|at| format!("  c{at}: {{ files: {{ paths: [/srv/c{at}] }} }}\n")).collect();
    says("entries", format!("{HEAD}components:\n{entries}"), &["BDR-P003", "Split the policy into several files"]);
    says("scalar", format!("{HEAD}timezone: {}\n", "x".repeat(SIZE)), &["a text of 10000000 bytes", "bdr.yaml:3:11"]);
    says("comment", format!("{HEAD}# {}\n", "x".repeat(SIZE)), &["Nothing to mend"]);
    says("key", format!("{HEAD}\"{}\": 1\n", "k".repeat(SIZE)), &["BDR-P001"]);
    says("binary", vec![0xff; SIZE], &["byte 0 is not UTF-8"]);
    // Cut inside a character where reading ends.
    let wide = format!("{HEAD}#{}\n", "\u{e5}".repeat(20 << 19));
    says("too large", wide, &["larger than 16 MiB", "Split the policy into several files"]);
}

#[test]
fn what_is_too_large_is_refused_without_reading_it() {
    let folder = tempfile::tempdir().unwrap();
    let (small, large) = (folder.path().join("small.yaml"), folder.path().join("large.yaml"));
    std::fs::write(&small, HEAD).unwrap();
    std::fs::File::create(&large).unwrap().set_len(110_000_000).unwrap();
    for command in ["lint", "plan", "fmt"] {
        let (usual, ran) = (run(command, &small), run(command, &large));
        assert!(ran.text.contains("larger than 16 MiB"), "{command}: {ran:?}");
        assert!(ran.peak < usual.peak + (8 << 20), "{command}: {} and {} MiB", ran.peak >> 20, usual.peak >> 20);
    }
    // A pipe tells no length: it is read to the limit, and nothing of that is looked through for what could be shown.
    let pipe = folder.path().join("pipe.yaml");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let flood = pipe.clone();
    let writer = std::thread::spawn(move || std::fs::write(flood, vec![b'#'; 110_000_000]).map_err(|error| error.kind()));
    let ran = run("lint", &pipe);
    assert!(ran.code == Some(2) && ran.text.contains("larger than 16 MiB"), "{ran:?}");
    assert_eq!(writer.join().unwrap(), Err(std::io::ErrorKind::BrokenPipe), "nothing more is taken from it");
    assert!(ran.peak < BASE + (40 << 20), "{} MiB", ran.peak >> 20);
}

#[test]
fn a_flood_of_findings_is_counted() {
    let unknown: String = (0..90_000).map(|at| format!("k{at}: 1\n")).collect();
    says("unknown keys", format!("{HEAD}{}", &unknown[..unknown.len() / 2]), &["more findings are not shown", "10001 errors"]);
    says(
        "on one line",
        format!("{HEAD}components: {{ c: {{ files: {{ paths: [{}] }} }} }}\n", "x, ".repeat(50_000)),
        &["40000 more"],
    );
    let secrets: String = (0..30_000).map(|at| format!("  password{at}: hunter{at}\n")).collect();
    let said = lint("secrets", format!("{HEAD}tags:\n{secrets}").as_bytes());
    assert!(said.contains("20001 more findings") && !said.contains("hunter"), "{}", &said[..2_000]);
}

#[test]
fn texts_in_other_encodings_are_told_as_such() {
    says("NUL", format!("{HEAD}a: \0\n"), &["byte 22 is NUL", "bdr.yaml:3:4"]);
    says(
        "latin-1",
        [HEAD.as_bytes(), b"a: \xe5\n"].concat(),
        &["byte 22 is not UTF-8", "bdr.yaml:3:4", "Save the file as UTF-8"],
    );
    let wide: Vec<u8> = [0xfeff].into_iter().chain(HEAD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    says("UTF-16", wide, &["byte 0 is not UTF-8", "It seems to be UTF-16"]);
    says("byte order mark", format!("\u{feff}{HEAD}"), &["Nothing to mend"]);
    let windows = format!("{HEAD}zz: 1\n").replace('\n', "\r\n");
    says("CRLF", windows, &["bdr.yaml:3:1", "│ ━━ not known here"]);
    says("tabs", format!("{HEAD}stores:\n\ta: 1\n"), &["BDR-P001", "Indent with spaces"]);
}
