//! Random moments at which something is killed: by a printed seed, and within the time that it takes on this machine as it is now.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Kills at random moments. A run that is left alone now and then tells how long it takes, so that on a slow or busy machine the
/// moments are as evenly spread over it as on a fast one; how many kills are tried does not depend on the time they take.
pub struct Moments {
    pub random: fastrand::Rng,
    pub seed: u64,
    longest: Duration,
    tried: u32,
    hit: u32,
}

/// Tries of one test: `BDR_KILLS`, else as many as it asks for.
pub fn tries(usual: usize) -> usize {
    std::env::var("BDR_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

impl Moments {
    /// With the seed of `BDR_SEED`, else a new one; printed, so that a failed run can be repeated.
    #[expect(clippy::print_stdout, reason = "the seed by which a failed run is repeated")]
    pub fn new() -> Self {
        let seed = std::env::var("BDR_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
        println!("BDR_SEED={seed} repeats this run");
        Self { random: fastrand::Rng::with_seed(seed), seed, longest: Duration::from_millis(100), tried: 0, hit: 0 }
    }

    /// Runs something to its end and notes how long that takes.
    pub fn left_alone<T>(&mut self, run: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let result = run();
        self.longest = begun.elapsed();
        result
    }

    /// Starts a program and kills it at a moment between its start and the time that it took when it was left alone.
    pub fn kill(&mut self, mut command: Command) {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let most = u64::try_from(self.longest.as_micros()).unwrap().max(2);
        std::thread::sleep(Duration::from_micros(self.random.u64(0..most)));
        self.tried += 1;
        self.hit += u32::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Says how many of the kills met something that still ran.
    ///
    /// # Panics
    /// When none did: then nothing was proved.
    #[expect(clippy::print_stdout, reason = "how much a run has proved")]
    pub fn told(&self) {
        println!("{} of {} kills met a running program", self.hit, self.tried);
        assert!(self.hit > 0, "not one kill met a running program: BDR_SEED={}", self.seed);
    }
}
