//! Backups that were made while a clock was wrong: none of them is taken for the newest, and each can still be had.

use bdr::catalog::manifest::Manifest;

use super::{home, manifests, noise};
use crate::binary::Home;

/// A backup of `a`; moved into the year 2031 under another id, with its packs. Returns that id.
fn from_the_future(home: &Home) -> String {
    std::fs::write(home.path("docs/a"), noise(1, 10_000)).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    let (path, manifest) = manifests(home).remove(0);
    let folder = path.parent().unwrap();
    let id = "20310101T020000Z-0a1b2c3d";
    let moved = folder.with_file_name(id);
    std::fs::rename(folder, &moved).unwrap();
    // What the parts are called is part of the manifest, so everything that names the old id is written anew.
    let old = manifest.id.to_string();
    for (path, bytes) in crate::binary::contents(&moved) {
        if path.to_string_lossy().contains("/table/") {
            let text = String::from_utf8(zstd::decode_all(&*bytes).unwrap()).unwrap();
            std::fs::write(path, zstd::encode_all(text.replace(&old, id).as_bytes(), 3).unwrap()).unwrap();
        }
    }
    let text = String::from_utf8(manifest.encode().unwrap()).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text.replace(&old, id)).unwrap();
    let at: jiff::Timestamp = "2031-01-01T02:00:00Z".parse().unwrap();
    for moment in ["started", "snapshot", "committed"] {
        json["manifest"][moment] = serde_json::Value::String(at.to_string());
    }
    let mut made: Manifest = serde_json::from_value(json["manifest"].take()).unwrap();
    for part in &mut made.table {
        let bytes = std::fs::read(home.path("vault/notes/docs/nightly").join(&part.key)).unwrap();
        (part.size, part.sha256) = (bytes.len() as u64, bdr::catalog::digest::Digest::sha256(&bytes));
    }
    std::fs::write(moved.join("manifest.json"), made.encode().unwrap()).unwrap();
    id.to_owned()
}

#[test]
fn it_is_not_the_newest_where_others_are() {
    let home = home();
    let wrong = from_the_future(&home);
    let only = home.run(&["restore", "docs", "--to", "only"]).ends(0);
    assert!(only.stderr.contains("every good backup is from the future by this machine's clock"), "{only:#?}");
    assert_eq!(std::fs::read(home.path("only/a")).unwrap(), noise(1, 10_000));

    std::fs::write(home.path("docs/a"), noise(2, 10_000)).unwrap();
    let made = home.run(&["backup", "docs"]).ends(0);
    assert!(made.stderr.contains("full backup"), "nothing builds on it: {made:#?}");
    let restored = home.run(&["restore", "docs", "--to", "back"]).ends(0);
    assert!(restored.stderr.contains(&format!("warning: {wrong} of docs/nightly in vault is not taken")), "{restored:#?}");
    assert!(restored.stderr.contains("2031-01-01 02:00 UTC") && restored.stderr.contains(&format!("--backup {wrong}")));
    assert_eq!(std::fs::read(home.path("back/a")).unwrap(), noise(2, 10_000));

    for (number, which) in [["--backup", &wrong], ["--at", "2031-06-01 00:00"]].into_iter().enumerate() {
        let to = format!("asked-{number}");
        let asked = home.run(&["restore", "docs", "--to", &to, which[0], which[1]]).ends(0);
        assert!(!asked.stderr.contains("warning"), "{asked:#?}");
        assert_eq!(std::fs::read(home.path(&to).join("a")).unwrap(), noise(1, 10_000));
    }
    let listed = home.run(&["list"]).ends(0);
    assert_eq!(listed.stdout.matches("FROM THE").count(), 1, "{listed:#?}");
    let json: serde_json::Value = serde_json::from_str(&home.run(&["list", "--format", "json"]).ends(0).stdout).unwrap();
    let told: Vec<_> = json["backups"].as_array().unwrap().iter().map(|backup| backup["from_the_future"].as_bool()).collect();
    assert_eq!(told, [Some(false), Some(true)]);
    let again = home.run(&["backup", "docs"]).ends(0);
    assert!(again.stderr.contains("incremental backup"), "{again:#?}");
}

/// Nobody knows how old it is, so it is no first backup, and no measure.
#[test]
fn it_is_no_first_backup() {
    let home = home();
    from_the_future(&home);
    let planned = home.run(&["plan"]).ends(0);
    assert!(planned.stdout.contains("only a backup from the future in vault yet"), "{planned:#?}");
    let assessed = home.run(&["assess", "--measured", "--all"]).ends(0);
    assert!(!assessed.stdout.contains("measured:") && assessed.stdout.contains("assumed"), "{assessed:#?}");
    home.run(&["apply", "--auto-approve"]).ends(0);
    assert_eq!(manifests(&home).len(), 2);
}
