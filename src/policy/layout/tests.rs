//! Tests of the layout.

use super::*;

#[track_caller]
fn becomes(text: &str, expected: &str) {
    let once = format(text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    assert_eq!(once, expected, "from {text:?}");
    assert_eq!(format(&once).as_deref(), Ok(expected), "a second time");
}

#[test]
fn levels_are_two_columns() {
    becomes("a:\n    b:\n        c: 1\n    d: 2\n", "a:\n  b:\n    c: 1\n  d: 2\n");
    becomes("a:\n b:\n  - x\n  -  y: 1\n     z: 2\n", "a:\n  b:\n    - x\n    - y: 1\n      z: 2\n");
    becomes("a:\n- x\n- - y\n  - z\nb: 1\n", "a:\n  - x\n  - - y\n    - z\nb: 1\n");
    becomes("a:\n- \n-\n- x\nb:\n-\nc: 1\n", "a:\n  -\n  -\n  - x\nb:\n  -\nc: 1\n");
    becomes("?   a\n:   b\n", "? a\n: b\n");
    becomes("a:\n    b\n", "a:\n  b\n");
}

#[test]
fn blanks_become_uniform() {
    becomes("a:   1\nb :\t2\n", "a: 1\nb: 2\n");
    becomes("a: {b: 1,c:   [ 1,2 , 3 ], \"d\":4,e: {},f: [ ]}\n", "a: { b: 1, c: [1, 2, 3], \"d\": 4, e: {}, f: [] }\n");
    becomes("a: 1   \n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n");
    becomes("\n\n# x\n\n\n\na: 1", "# x\n\na: 1\n");
    becomes("\u{feff}a: 1\r\nb:\r\n  - 2\r\n", "a: 1\nb:\n  - 2\n");
    becomes("", "");
    becomes("\n\n", "");
}

#[test]
fn flow_over_several_lines_hangs() {
    becomes("a: [\n    1,\n       2\n    ]\n", "a: [\n  1,\n  2\n]\n");
    becomes("a:\n   - {\n  b: 1,\n  c: [ {\n d: 2 } ]\n }\n", "a:\n  - {\n    b: 1,\n    c: [{\n        d: 2 }]\n  }\n");
    becomes("a: [1, # one\n# two\n2]\n", "a: [1, # one\n  # two\n  2]\n");
}

#[test]
fn comments_keep_their_things() {
    becomes(
        "# top\na:    # of a\n    # of b\n    b: 1   # after\n    # end of a\n# of c\nc:\n# under c\n    d: 1\n",
        "# top\na:    # of a\n  # of b\n  b: 1   # after\n  # end of a\n# of c\nc:\n# under c\n  d: 1\n",
    );
    becomes("a:\n- x\n# between\n- y\n# of b\nb: 1\n", "a:\n  - x\n  # between\n  - y\n# of b\nb: 1\n");
    becomes("a: 1\n      # far\nb: 2\n", "a: 1\n# far\nb: 2\n");
    becomes("# only\n", "# only\n");
}

#[test]
fn block_scalars_move_as_a_whole() {
    becomes(
        "a:\n    b: |\n        x # no\n          y\n\n        z\n    c: 1\n",
        "a:\n  b: |\n    x # no\n      y\n\n    z\n  c: 1\n",
    );
    becomes("a: >-  # c\n x\n\n\n\nb: 1\n", "a: >-  # c\n  x\n\nb: 1\n");
    becomes("a: |+\n x\n\n\n\nb: 1\n", "a: |+\n  x\n\n\n\nb: 1\n");
    becomes("a:\n    - |2\n        x\n", "a:\n  - |2\n      x\n");
    becomes("a: |\n\n   x\n# c\nb: 1\n", "a: |\n\n  x\n# c\nb: 1\n");
    becomes("a: |\nb: 1\n", "a: |\nb: 1\n");
}

#[test]
fn scalars_over_several_lines_hang() {
    becomes("a:\n    x y\n       z\nb: \"p\n\n q\\\n   r\"\n", "a:\n  x y\n  z\nb: \"p\n\n  q\\\n  r\"\n");
}

#[test]
fn quotes_change_only_where_that_is_safe() {
    becomes("a: 'x'\nb: 'it''s'\nc: 'a\"b'\nd: '\\n'\n", "a: \"x\"\nb: 'it''s'\nc: 'a\"b'\nd: '\\n'\n");
}

#[test]
fn documents_anchors_and_tags_stay() {
    becomes(
        "%YAML 1.2\n---\na: &x   !!str  1\nb:   *x\n*x : 1\n...\n---   # c\nb\n",
        "%YAML 1.2\n---\na: &x !!str 1\nb: *x\n*x : 1\n...\n---   # c\nb\n",
    );
}

#[test]
fn what_is_not_yaml_is_left_alone() {
    assert!(matches!(format("a: [1\nb: 2\n"), Err(LayoutError::Syntax { .. })));
    assert!(matches!(format("a: 1\n\tb: 2\n"), Err(LayoutError::Syntax { .. })));
}
