//! Ceph's radosgw 16 on a monitor and a memory-backed OSD of its own: a production S3 that stores things in its own way.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::process::{await_ready, folder, free_port, run, spawn, until_done};
use super::{Endpoint, available, servers};

const FSID: &str = "6f2c0b5e-30a1-4a5e-9d6c-0c2f6d7e8a11";

pub fn start() -> Option<Endpoint> {
    let installed = ["radosgw", "ceph-mon", "ceph-osd"].iter().all(|name| Path::new("/usr/bin").join(name).exists());
    // Ceph comes from the system, and takes long to start: it counts only where the other servers were asked for too.
    // Whoever is not root cannot install it, so for them it is never demanded.
    let root = rustix::process::geteuid().is_root();
    if (!installed && !root) || !available(installed && servers().is_dir(), "radosgw") {
        return None;
    }
    let folder = folder("radosgw");
    let [mon, rgw] = [(); 2].map(|()| free_port());
    let conf = folder.join("ceph.conf");
    fs::write(&conf, configuration(&folder, mon, rgw)).unwrap();
    let ceph = |program: &str| {
        let mut command = Command::new(program);
        command.arg("-c").arg(&conf);
        command
    };
    let monmap = folder.join("monmap");
    run(Command::new("monmaptool")
        .args(["--create", "--fsid", FSID, "--addv", "a", &format!("[v1:127.0.0.1:{mon}]")])
        .arg(&monmap));
    run(ceph("ceph-mon").args(["-i", "a", "--mkfs", "--monmap"]).arg(&monmap));
    // A client of Ceph 16 that speaks to its monitor before it has the map is refused ("wrong fsid") and ends: start it again.
    let daemon = |program: &str, arguments: &str| {
        let mut command = Command::new("sh");
        let once = format!("setpriv --pdeathsig KILL {program} -c {} {arguments} -f", conf.display());
        command.args(["-c", &format!("while ! {once}; do sleep 0.2; done")]);
        spawn(command, &folder.join(format!("{program}.out")));
    };
    daemon("ceph-mon", "-i a");
    let osd = fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap();
    until_done(|| {
        let mut command = ceph("ceph");
        command.args(["--connect-timeout", "60", "osd", "new", osd.trim()]);
        command
    });
    run(ceph("ceph-osd").args(["-i", "0", "--mkfs", "--osd-uuid", osd.trim()]));
    daemon("ceph-osd", "-i 0");
    daemon("radosgw", "-n client.rgw");
    await_ready("radosgw", rgw, "/", &folder.join("radosgw.out"), Duration::from_secs(240));
    for (user, access_key, secret_key) in [("alice", "AKALICE", "SKALICE"), ("bob", "AKBOB", "SKBOB")] {
        until_done(|| {
            let mut create = ceph("radosgw-admin");
            create.args(["user", "create", "--uid", user, "--display-name", user]);
            create.args(["--access-key", access_key, "--secret", secret_key, "--caps", "roles=*;user-policy=*"]);
            create
        });
    }
    Some(Endpoint {
        url: format!("http://127.0.0.1:{rgw}"),
        region: "us-east-1",
        access_key: "AKALICE".to_owned(),
        secret_key: "SKALICE".to_owned(),
    })
}

fn configuration(folder: &Path, mon: u16, rgw: u16) -> String {
    for name in ["mon", "osd", "rgw", "run", "log", "crash"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    let d = folder.display();
    format!(
        "[global]\nfsid = {FSID}\nmon host = [v1:127.0.0.1:{mon}]\nmon initial members = a\nms bind msgr2 = false\n\
         public addr = 127.0.0.1\ncluster addr = 127.0.0.1\n\
         auth cluster required = none\nauth service required = none\nauth client required = none\n\
         osd pool default size = 1\nosd pool default min size = 1\nosd pool default pg num = 4\nosd pool default pgp num = 4\n\
         osd pool default pg autoscale mode = off\nosd crush chooseleaf type = 0\nmon allow pool size one = true\n\
         mon max pg per osd = 1000\nosd objectstore = memstore\nmemstore device bytes = 1073741824\n\
         mon data avail crit = 0\nmon data avail warn = 1\nmon data = {d}/mon\nosd data = {d}/osd\nrgw data = {d}/rgw\n\
         pid file = {d}/run/$name.pid\nadmin socket = {d}/run/$name.$pid.asok\nlog file = {d}/log/$name.log\nrun dir = {d}/run\n\
         crash dir = {d}/crash\nrgw frontends = beast endpoint=127.0.0.1:{rgw} tcp_nodelay=1\nrgw crypt require ssl = false\n\
         rgw override bucket index max shards = 1\nrgw lc debug interval = 5\n"
    )
}
