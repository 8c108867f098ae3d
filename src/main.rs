//! The `bdr` binary: hands the process's arguments and environment to the library's command line.

fn main() -> std::process::ExitCode {
    // Given by build.rs, or by whoever builds.
    bdr::cli::main(option_env!("BDR_COMMIT"))
}
