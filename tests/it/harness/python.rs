//! ministack and moto: everything that can be set on a bucket, kept in memory.

use std::process::Command;
use std::time::Duration;

use super::process::{await_ready, folder, free_port, spawn};
use super::{Endpoint, program};

const PATIENCE: Duration = Duration::from_secs(60);

/// A 12-digit access key is the account. With `auth`, keys of users and roles are checked, and the root key is `test`.
pub fn ministack(auth: bool) -> Option<Endpoint> {
    let name = if auth { "ministack-auth" } else { "ministack" };
    let program = program("ministack")?;
    let (folder, port) = (folder(name), free_port());
    let log = folder.join("log");
    let mut command = Command::new(program);
    command.current_dir(&folder).env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
    command.env("SERVICES", "s3,iam,sts,kms").env("LOG_LEVEL", "ERROR").env("HOME", &folder);
    // It leaves its process's number in the folder for temporary files.
    command.env("TMPDIR", &folder);
    if auth {
        command.env("AUTH", "true");
    }
    spawn(command, &log);
    await_ready(name, port, "/_ministack/health", &log, PATIENCE);
    let access_key = if auth { "test" } else { "111111111111" };
    Some(Endpoint {
        url: format!("http://127.0.0.1:{port}"),
        region: "eu-north-1",
        access_key: access_key.to_owned(),
        secret_key: "test".to_owned(),
    })
}

/// Enforces nothing until it is told to: a test that does so has one of its own, by its name.
pub fn moto(name: &str) -> Option<Endpoint> {
    let program = program("moto_server")?;
    let (folder, port) = (folder(name), free_port());
    let log = folder.join("log");
    let mut command = Command::new(program);
    command.current_dir(&folder).args(["-H", "127.0.0.1", "-p", &port.to_string()]).env("HOME", &folder);
    spawn(command, &log);
    await_ready(name, port, "/moto-api/", &log, PATIENCE);
    Some(Endpoint {
        url: format!("http://127.0.0.1:{port}"),
        region: "eu-north-1",
        access_key: "AKMOTO".to_owned(),
        secret_key: "SKMOTO".to_owned(),
    })
}
