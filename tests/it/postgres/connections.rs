//! Every way to say where a database is leads to the same dump.

use std::os::unix::fs::PermissionsExt;

use super::{command, home_of, run};
use crate::binary::{Home, Ran};
use crate::harness::postgres::{PASSWORD, cluster};
use crate::harness::process::free_port;

/// The policy's entry, what the environment has, and the files below the home.
type Way<'a> = (&'a str, Vec<(&'a str, String)>, Vec<(&'a str, String)>);

#[track_caller]
fn dumps((entry, vars, files): &Way<'_>) -> Ran {
    let home: Home = home_of(entry);
    for (name, text) in files {
        std::fs::write(home.path(name), text).unwrap();
        std::fs::set_permissions(home.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let ran = Ran::of(&command(&home, "", &["backup", "orders"]).envs(vars.iter().cloned()).output().unwrap()).ends(0);
    assert!(!format!("{ran:?}").contains(PASSWORD), "{ran:#?}");
    assert!(ran.stderr.contains("3 entries"), "{ran:#?}");
    ran
}

#[test]
fn variables_files_sockets_and_several_hosts_lead_to_the_same_server() {
    let Some(cluster) = cluster() else { return };
    cluster.database("ways", "CREATE TABLE a AS SELECT 1 AS n");
    let (port, password) = (cluster.port.to_string(), PASSWORD.to_owned());
    let socket = cluster.socket.display().to_string();
    let all = |password: Option<&String>| {
        let mut vars = vec![("PGHOST", "127.0.0.1".to_owned()), ("PGPORT", port.clone()), ("PGUSER", "owner".to_owned())];
        vars.push(("PGDATABASE", "ways".to_owned()));
        vars.extend(password.map(|password| ("PGPASSWORD", password.clone())));
        vars
    };
    let service = format!("[other]\nhost=nowhere\n[ways]\nhost=127.0.0.1\nport={port}\nuser=owner\ndbname=ways\n");
    let twice = format!("{{ url: 'postgresql://127.0.0.1:{},127.0.0.1:{port}/ways?user=owner' }}", free_port());
    let by_socket = format!("{{ url: 'postgresql:///ways?host={socket}&port={port}&user=postgres' }}");
    let verified = format!(
        "{{ url: 'postgresql://localhost:{port}/ways?user=owner&hostaddr=127.0.0.1&sslmode=verify-full&sslrootcert={}' }}",
        cluster.root.display()
    );
    let of_authority = format!(
        "{{ url: 'host=127.0.0.1 port={port} user=owner dbname=ways sslmode=verify-ca sslrootcert={}' }}",
        cluster.root.display()
    );
    let pgpass = (".pgpass", format!("# mine\n127.0.0.1:{port}:ways:owner:{password}\nlocalhost:*:*:*:{password}\n"));
    let ways: [Way<'_>; 7] = [
        ("{}", all(Some(&password)), vec![]),
        ("{}", all(None), vec![pgpass.clone()]),
        ("{ url: 'service=ways' }", vec![], vec![(".pg_service.conf", service), pgpass.clone()]),
        (&twice, vec![("PGPASSWORD", password.clone())], vec![]),
        (&by_socket, vec![], vec![]),
        (&verified, vec![], vec![pgpass.clone()]),
        (&of_authority, vec![], vec![pgpass]),
    ];
    for way in &ways {
        dumps(way);
    }
}

#[test]
fn a_unit_that_dumps_reaches_the_network_and_reads_references() {
    let home = super::home();
    run(&home, "postgresql://db.example.com/x", &["apply", "--auto-approve", "--without-backups", "--no-lease"]);
    let units = crate::binary::contents(&home.path("units"));
    let service = units.iter().find(|(path, _)| path.extension().is_some_and(|end| end == "service")).map(|(_, bytes)| bytes);
    let service = String::from_utf8(service.unwrap().clone()).unwrap();
    for line in ["After=network-online.target", "PrivateNetwork=no", "EnvironmentFile=-/etc/bdr/environment", "AF_INET"] {
        assert!(service.contains(line), "{line}: {service}");
    }
    assert!(!service.contains("db.example.com"), "{service}");
}
