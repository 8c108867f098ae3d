//! A folder is made, marked, corrected, and released without its contents.

use std::collections::BTreeMap;

use super::*;
use crate::attrs::Fingerprint;
use crate::diag::Spanned;
use crate::policy::{StoreSpec, Text};
use crate::units::cadence::Zone;

fn policy(path: &Path) -> Arc<Policy> {
    let name = StoreName::new("disk").expect("name");
    let folder = FolderBackend { path: Spanned::bare(Text::plain(path.display().to_string())), mode: Spanned::bare(0o750) };
    let spec = StoreSpec {
        moved: None,
        name: Spanned::bare(name.clone()),
        backend: Backend::Folder(folder),
        versioning: None,
        replicate: Vec::new(),
        immutability: None,
        encryption: None,
        access: None,
        tags: BTreeMap::new(),
        noncurrent: None,
        abort_uploads_after: None,
        span: None,
    };
    Arc::new(Policy {
        name: Spanned::bare(PolicyName::new("p").expect("name")),
        timezone: Spanned::bare(Zone::utc()),
        contacts: BTreeMap::new(),
        accounts: BTreeMap::new(),
        stores: BTreeMap::from([(name, spec)]),
        components: BTreeMap::new(),
        scheduler: None,
        access: None,
        change_freeze: Vec::new(),
        packs: Vec::new(),
        digest: Default::default(),
    })
}

fn change(op: Op, id: &ResourceId) -> Change {
    let none = Fingerprint::of(None);
    Change {
        id: id.clone(),
        op,
        risk: Risk::None,
        reason: String::new(),
        place: None,
        before: None,
        after: None,
        live: none.clone(),
        wanted: none,
        foreign: Vec::new(),
        notes: Vec::new(),
        stands_as: None,
        adopts: false,
        moves: false,
        since: None,
    }
}

#[tokio::test]
async fn a_folder_is_made_corrected_and_released() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("a/b");
    let policy = policy(&path);
    let mut desired = Desired::new();
    Folders.declare(&policy, &Env::default(), &mut desired);
    let resource = desired.iter().next().expect("one").clone();
    let session = Folders.connect(Arc::clone(&policy), Arc::default()).await.expect("session");
    let read = || session.read(&resource.id, Some(&resource), Freshness::Fresh);
    assert_eq!(read().await.expect("absent").attrs, None);
    assert_eq!(session.owned().await.expect("none").resources, []);

    let wanted = [Some(resource.clone())];
    session.apply(&[change(Op::Create, &resource.id)], &wanted).await.expect("create");
    assert_eq!(read().await.expect("there").attrs.as_ref(), Some(&resource.attrs));
    assert_eq!(session.settled(&[change(Op::Create, &resource.id)], &wanted).await.expect("settled"), Settled::Yes);
    assert_eq!(session.owned().await.expect("ours").resources.len(), 1);

    fs::write(path.join("data"), b"x").expect("write");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("chmod");
    let drifted = read().await.expect("there").attrs.expect("attrs");
    assert_ne!(drifted, resource.attrs);
    assert_eq!((KIND.risk)(Some(&resource.attrs), Some(&drifted)), Risk::Weakens);
    session.apply(&[change(Op::Update, &resource.id)], &wanted).await.expect("update");
    assert_eq!(read().await.expect("there").attrs.as_ref(), Some(&resource.attrs));

    session.apply(&[change(Op::Release, &resource.id)], &[None]).await.expect("release");
    assert_eq!(session.owned().await.expect("none").resources, []);
    assert_eq!(fs::read(path.join("data")).expect("kept"), b"x");
}

#[tokio::test]
async fn a_file_in_the_way_is_an_error_with_a_way_out() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("file");
    fs::write(&path, b"mine").expect("write");
    let session = Folders.connect(policy(&path), Arc::default()).await.expect("session");
    let id = id(&StoreName::new("disk").expect("name"));
    let error = session.read(&id, None, Freshness::Fresh).await.expect_err("not a folder");
    assert!(error.help.is_some_and(|help| help.contains("no folder")), "{}", error.reason);
    session.apply(&[change(Op::Create, &id)], &[None]).await.expect_err("never replaced");
    assert_eq!(fs::read(&path).expect("kept"), b"mine");
}

#[test]
fn free_space_does_not_differ_by_every_file() {
    let free = free_space(Path::new("/nonexistent/deep")).expect("the root has space");
    assert_eq!(free.0 & (free.0 - 1) & ((1 << (63 - free.0.leading_zeros() - 4)) - 1), 0, "five significant bits: {free}");
}
