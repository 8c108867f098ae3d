//! A file that cannot be restored, and what becomes of its other names.

use std::os::unix::fs::MetadataExt;

use super::{home, noise, objects};

#[test]
fn a_folder_where_a_file_goes_is_told_in_words_and_so_are_the_other_names_of_the_file() {
    let home = home();
    std::fs::write(home.path("docs/b"), "content").unwrap();
    std::fs::hard_link(home.path("docs/b"), home.path("docs/c")).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    std::fs::create_dir_all(home.path("back/b")).unwrap();
    let ran = home.run(&["restore", "docs", "--to", "back", "--overwrite"]).ends(3);
    assert!(ran.stderr.contains("docs/b something else stands there: a folder\n"), "{ran:#?}");
    assert!(ran.stderr.contains("docs/c could not be restored: it is another name of /"), "{ran:#?}");
    assert!(!ran.stderr.contains("os error") && !ran.stderr.contains("bdr verify"), "{ran:#?}");
    std::fs::remove_dir(home.path("back/b")).unwrap();
    home.run(&["restore", "docs", "--to", "back", "--overwrite"]).ends(0);
    let inode = |name: &str| std::fs::metadata(home.path(name)).unwrap().ino();
    assert_eq!(inode("back/b"), inode("back/c"));
}

#[test]
fn no_other_name_is_given_to_an_older_file_in_the_place_of_one_that_is_damaged() {
    let home = home();
    std::fs::write(home.path("docs/b"), noise(1, 100_000)).unwrap();
    std::fs::hard_link(home.path("docs/b"), home.path("docs/c")).unwrap();
    home.run(&["backup", "docs"]).ends(0);
    objects(&home, "/packs/").iter().for_each(|pack| std::fs::remove_file(pack).unwrap());
    std::fs::create_dir(home.path("back")).unwrap();
    std::fs::write(home.path("back/b"), "older").unwrap();
    let ran = home.run(&["restore", "docs", "--to", "back", "--overwrite"]).ends(3);
    assert!(ran.stderr.contains("docs/c could not be restored: it is another name of /"), "{ran:#?}");
    assert!(ran.stderr.contains("bdr verify"), "{ran:#?}");
    assert!(!home.path("back/c").exists(), "it would hold what the backup never held");
}
