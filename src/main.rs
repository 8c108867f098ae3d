//! The `bdr` binary: hands the process's arguments and environment to the library's command line.

fn main() -> std::process::ExitCode {
    bdr::cli::main()
}
