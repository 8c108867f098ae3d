//! A base backup comes back without bdr, as docs/format.md says it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::{home, manifests, target};
use crate::harness::own_cluster::{on, own, space};
use crate::harness::process;
use crate::postgres::run;
use crate::tidy::root;

#[test]
fn public_tools_bring_a_cluster_back_on_which_a_server_starts() {
    let Some(cluster) = own("cluster-plain", &[]) else { return };
    let location = space("cluster-plain-space").display().to_string();
    cluster.sql("postgres", &format!("CREATE TABLESPACE far LOCATION '{location}'"));
    cluster.sql("postgres", "CREATE TABLE t TABLESPACE far AS SELECT n, md5(n::text) AS note FROM generate_series(1, 50000) n");
    let home = home();
    run(&home, &cluster.url("postgres", "postgres"), &["backup", "orders"]).ends(0);
    let sum = "SELECT count(*) || md5(string_agg(note, '' ORDER BY n)) FROM t";
    let (expected, oid) = (cluster.sql("postgres", sum), cluster.sql("postgres", "SELECT max(oid) FROM pg_tablespace"));
    cluster.stop("fast");
    let target = target("cluster-plain-back");
    let backup = manifests(&home).remove(0).place().folder();
    let mut script = Command::new("python3");
    script.arg(root().join("docs/restore-without-bdr.py")).arg(home.path("vault/shop/orders/nightly"));
    process::run(script.arg(backup.trim_end_matches('/')).arg(&target));
    // Of a folder that root made for itself a server of somebody else sees nothing.
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o755)).unwrap();
    let data = target.join("data");
    let map = std::fs::read_to_string(data.join("tablespace_map")).unwrap();
    assert_eq!(map, format!("{oid} {location}\n"));
    let moved = format!("{oid} {}\n", data.join("tablespaces").join(&oid).display());
    std::fs::write(data.join("tablespace_map"), moved).unwrap();
    let again = on(&data, &["archive_mode=off"]).unwrap();
    assert_eq!(again.sql("postgres", sum), expected);
    again.stop("immediate");
}
