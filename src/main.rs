//! The `bdr` binary: hands the process's arguments and environment to the library's command line.

/// Takes what a lint asks for with a tenth less CPU time than the allocator of the C library, and holds less of what a backup gave back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    // Given by build.rs, or by whoever builds.
    bdr::cli::main(option_env!("BDR_COMMIT"))
}
