//! What only a folder store does; the rest is in the contract suite of `tests/it/store_contract.rs`.

use std::fs;

use bytes::Bytes;

use super::*;

fn store() -> (tempfile::TempDir, FolderStore) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = FolderStore::new(dir.path());
    (dir, store)
}

#[tokio::test]
async fn a_root_that_is_not_there_is_never_made() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let store = FolderStore::new(dir.path().join("unmounted"));
    let put = store.put("a/b", Bytes::from_static(b"x"), Put::default()).await;
    assert_eq!(put.map_err(|error| error.kind), Err(ErrorKind::NotFound));
    assert_eq!(store.list("", None, 10).await.map_err(|error| error.kind), Err(ErrorKind::NotFound));
    assert_eq!(store.capabilities().await.map_err(|error| error.kind), Err(ErrorKind::NotFound), "an apply makes it first");
    assert!(!dir.path().join("unmounted").exists());
}

#[tokio::test]
async fn unfinished_files_are_not_listed_and_old_ones_are_swept() {
    let (dir, store) = store();
    store.put("a/b", Bytes::from_static(b"x"), Put::default()).await.expect("put");
    let fresh = dir.path().join("a/.bdr-unfinished-1-1-1");
    let old = dir.path().join("a/.bdr-unfinished-1-1-2");
    for path in [&fresh, &old] {
        fs::write(path, b"half").expect("write");
    }
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3 * 24 * 3600);
    fs::File::options().write(true).open(&old).and_then(|file| file.set_modified(long_ago)).expect("age it");
    let keys: Vec<_> = store.list("", None, 10).await.expect("list").into_iter().map(|object| object.key).collect();
    assert_eq!(keys, ["a/b"]);
    assert!(fresh.exists() && !old.exists());
}

#[tokio::test]
async fn a_large_object_reads_back_from_wherever_in_memory_it_was_written() {
    let (_dir, store) = store();
    let bytes: Bytes = (0..(3 << 20) + 5000_u32).map(|n| (n % 251) as u8).collect();
    for begin in [bytes.as_ptr().align_offset(4096), 1] {
        let body = bytes.slice(begin..);
        store.put("a/b", body.clone(), Put::default()).await.expect("put");
        assert!(store.get("a/b", None).await.expect("get") == body, "from {begin}");
        assert!(store.get("a/b", Some(5..9)).await.expect("get") == body.slice(5..9));
    }
}

#[tokio::test]
async fn emptied_folders_go_and_the_root_stays() {
    let (dir, store) = store();
    store.put("a/b/c", Bytes::from_static(b"x"), Put::default()).await.expect("put");
    store.put("a/d", Bytes::from_static(b"x"), Put::default()).await.expect("put");
    store.delete("a/b/c").await.expect("delete");
    assert!(!dir.path().join("a/b").exists() && dir.path().join("a/d").exists());
    store.delete("a/d").await.expect("delete");
    assert!(!dir.path().join("a").exists() && dir.path().exists());
}

#[tokio::test]
async fn a_symlink_in_the_tree_is_neither_listed_nor_followed_by_listings() {
    let (dir, store) = store();
    std::os::unix::fs::symlink("/etc", dir.path().join("etc")).expect("link");
    assert_eq!(store.list("", None, 10).await.expect("list"), []);
}

#[tokio::test]
async fn what_is_no_plain_file_is_refused_and_nothing_waits_for_it() {
    let (dir, store) = store();
    store.put("a/file", Bytes::from_static(b"x"), Put::default()).await.expect("put");
    let at = |name: &str| dir.path().join("a").join(name);
    let pipe = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), pipe, rustix::fs::Mode::RWXU, 0).expect("a pipe");
    // The other end, so that who opens it does not wait for ever where this fails.
    let _other = fs::File::options().read(true).write(true).open(at("pipe")).expect("open");
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
    std::os::unix::fs::symlink(at("file"), at("link")).expect("a link");
    for (name, what) in [("pipe", "a pipe"), ("socket", "a socket"), ("link", "a symbolic link")] {
        let key = format!("a/{name}");
        for error in [store.get(&key, None).await.err(), store.head(&key).await.err()] {
            let error = error.expect("refused");
            assert_eq!((error.kind, error.reason), (ErrorKind::NoObject, format!("it is {what}, not a plain file")));
        }
    }
    assert_eq!(store.get("a", None).await.map_err(|error| error.kind), Err(ErrorKind::NotFound), "a folder is no object");
    assert_eq!(store.list("", None, 10).await.expect("list").len(), 1);
}
