//! SeaweedFS: data on disk, signatures checked, several behaviours that are its own.

use std::fs;
use std::process::Command;
use std::time::Duration;

use super::process::{await_ready, folder, free_port, spawn};
use super::{Endpoint, program};

pub fn start() -> Option<Endpoint> {
    let program = program("weed")?;
    let folder = folder("seaweedfs");
    let [master, volume, filer, s3] = [(); 4].map(|()| free_port());
    let log = folder.join("log");
    let identities = serde_json::json!({"identities": [
        {"name": "alice", "credentials": [{"accessKey": "AKALICE", "secretKey": "SKALICE"}],
         "actions": ["Admin", "Read", "List", "Tagging", "Write"], "account": {"id": "111111111111"}},
        {"name": "reader", "credentials": [{"accessKey": "AKREADER", "secretKey": "SKREADER"}],
         "actions": ["Read", "List"], "account": {"id": "222222222222"}},
    ]});
    fs::write(folder.join("s3.json"), identities.to_string()).unwrap();
    fs::create_dir_all(folder.join("data")).unwrap();
    let mut command = Command::new(program);
    command.current_dir(&folder).env("HOME", &folder);
    command.args(["-v", "0", "server", "-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"]);
    command.args(["-s3.config=s3.json", "-s3.port.iceberg=0", "-master.volumeSizeLimitMB=64", "-volume.max=400"]);
    // Ports that a second server on this machine would have too, and a report to the vendor.
    command.args(["-s3.port.lance=0", "-master.telemetry=false"]);
    // By default a bucket is deleted with what it holds; see the surprises in `s3_surprises.rs`.
    command.arg("-s3.allowDeleteBucketNotEmpty=false");
    for (name, port) in [("master.port", master), ("volume.port", volume), ("filer.port", filer), ("s3.port", s3)] {
        command.arg(format!("-{name}={port}"));
    }
    spawn(command, &log);
    await_ready("seaweedfs", s3, "/healthz", &log, Duration::from_secs(60));
    Some(Endpoint {
        url: format!("http://127.0.0.1:{s3}"),
        region: "us-east-1",
        access_key: "AKALICE".to_owned(),
        secret_key: "SKALICE".to_owned(),
    })
}
