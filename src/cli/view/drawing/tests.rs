//! Drawings: no box and no text over another, no line across a box, well-formed, bounded.

use proptest::prelude::*;

use super::layout::{HEADING, Rect, Size, layout, needed, ranks};
use super::*;

fn drawing(owners: &[(&str, &[&str])], arrows: &[(usize, usize)]) -> Drawing {
    let boxes = owners
        .iter()
        .flat_map(|(owner, texts)| texts.iter().map(|text| Box { owner: (*owner).to_owned(), text: (*text).to_owned() }));
    let arrows = arrows.iter().map(|(from, to)| Arrow { from: *from, to: *to, both: false });
    Drawing { title: "notes".into(), boxes: boxes.collect(), arrows: arrows.collect(), note: None }
}

fn small() -> Drawing {
    drawing(
        &[
            ("component docs", &["systemd_service nightly", "systemd_timer nightly"]),
            ("store vault", &["s3_bucket", "s3_versioning"]),
        ],
        &[(0, 1), (2, 3), (2, 0), (3, 0), (3, 1)],
    )
}

#[test]
fn each_language_says_the_same() {
    insta::assert_snapshot!(dot(&small()));
    insta::assert_snapshot!(mermaid(&small()));
    insta::assert_snapshot!(svg(&small()));
}

#[test]
fn names_from_strangers_are_text() {
    let hostile = "x\"]<script>&\\\u{1b}\u{ffff}]]>--";
    let drawing = drawing(&[(hostile, &[hostile])], &[]);
    let text = svg(&Drawing { title: hostile.into(), note: Some(hostile.into()), ..drawing.clone() });
    let document = roxmltree::Document::parse(&text).expect("well-formed");
    assert!(document.descendants().all(|node| node.tag_name().name() != "script"), "{text}");
    assert!(!dot(&drawing).contains('<') && !mermaid(&drawing).contains('<'));
}

#[test]
fn a_large_drawing_tells_owners_and_a_larger_one_how_many_they_are() {
    let many = |count: usize| {
        let texts: Vec<(String, [&str; 2])> =
            (0..count).map(|at| (format!("component c{at:04}"), ["service", "timer"])).collect();
        let mut owners: Vec<(&str, &[&str])> = texts.iter().map(|(owner, texts)| (owner.as_str(), texts.as_slice())).collect();
        owners.push(("store a", &["bucket", "rule"]));
        owners.push(("store b", &["bucket", "rule"]));
        let last = 2 * count;
        // Each component waits for a store, and the stores for each other.
        let mut arrows: Vec<(usize, usize)> = (0..count).map(|at| (last, 2 * at)).collect();
        arrows.extend([(last, last + 3), (last + 2, last + 1)]);
        drawing(&owners, &arrows)
    };
    let owners = many(100).by_owner();
    assert_eq!(owners.boxes.len(), 102);
    assert!(owners.boxes.iter().all(|one| one.text.ends_with(": 2 parts")));
    let both: Vec<&Arrow> = owners.arrows.iter().filter(|arrow| arrow.both).collect();
    assert_eq!(both, [&Arrow { from: 100, to: 101, both: true }], "one line for the two that wait for each other");
    let ring = [((0, 1), false), ((1, 2), false), ((2, 0), false), ((2, 3), false)];
    let drawn = without_rings(ring.into());
    assert_eq!((drawn.len(), drawn.iter().filter(|arrow| arrow.both).count()), (3, 1), "{drawn:?}");
    assert_eq!(ranks(102, owners.arrows.iter().map(|arrow| (arrow.from, arrow.to)))[101], 1, "no ring");
    let sorts = owners.by_sort();
    let texts: Vec<&str> = sorts.boxes.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(texts, ["100 components", "2 stores"]);
}

fn apart(a: Rect, b: Rect) -> bool {
    a.x + a.width < b.x || b.x + b.width < a.x || a.y + a.height < b.y || b.y + b.height < a.y
}

/// Whether a straight piece of a line leaves the inside of a box alone.
fn passes(piece: &[(u32, u32)], rect: Rect) -> bool {
    let [(ax, ay), (bx, by)] = piece else { return true };
    let (left, right, top, bottom) = (ax.min(bx), ax.max(bx), ay.min(by), ay.max(by));
    *right <= rect.x || *left >= rect.x + rect.width || *bottom <= rect.y || *top >= rect.y + rect.height
}

proptest! {
    #[test]
    fn no_box_lies_on_another_and_no_line_on_a_box(
        lanes in proptest::collection::vec(1_usize..6, 1..8),
        widths in proptest::collection::vec(20_u32..300, 40),
        ends in proptest::collection::vec((0_usize..40, 0_usize..40), 0..60),
    ) {
        let lane_of: Vec<usize> = lanes.iter().enumerate().flat_map(|(lane, count)| vec![lane; *count]).collect();
        let sizes: Vec<Size> = lane_of.iter().zip(&widths).map(|(lane, width)| Size { lane: *lane, width: *width }).collect();
        let mut arrows: Vec<(usize, usize)> = ends.into_iter().filter(|(a, b)| a < b && *b < sizes.len()).collect();
        arrows.sort_unstable();
        arrows.dedup();
        let placed = layout(&sizes, &arrows, &vec![80; lanes.len()]);
        for (at, one) in placed.boxes.iter().enumerate() {
            prop_assert!(placed.boxes[at + 1..].iter().all(|other| apart(*one, *other)), "{:?}", placed.boxes);
            let lane = placed.lanes[sizes[at].lane];
            prop_assert!(one.y >= lane.y + HEADING && one.x + one.width <= lane.x + lane.width, "inside, below the lane's name");
            prop_assert!(one.y + one.height <= lane.y + lane.height);
        }
        prop_assert!(placed.lanes.windows(2).all(|two| apart(two[0], two[1])));
        for line in &placed.lines {
            for piece in line.windows(2) {
                prop_assert!(piece[0].0 == piece[1].0 || piece[0].1 == piece[1].1, "at right angles");
                prop_assert!(placed.boxes.iter().all(|rect| passes(piece, *rect)), "{piece:?} crosses one of {:?}", placed.boxes);
                prop_assert!(piece.iter().all(|(x, y)| *x < placed.width && *y < placed.height));
            }
        }
    }

    #[test]
    fn what_is_left_out_follows_from_what_is_drawn(ends in proptest::collection::vec((0_usize..12, 0_usize..12), 0..40)) {
        let mut arrows: Vec<(usize, usize)> = ends.into_iter().filter(|(a, b)| a < b).collect();
        arrows.sort_unstable();
        arrows.dedup();
        let kept: Vec<(usize, usize)> = arrows.iter().zip(needed(12, &arrows)).filter(|(_, needed)| *needed).map(|(arrow, _)| *arrow).collect();
        let reach = |arrows: &[(usize, usize)]| {
            let mut graph = crate::graph::Graph::new();
            (0..12_usize).for_each(|at| _ = graph.add(at));
            arrows.iter().for_each(|(from, to)| graph.wait(*to, *from));
            (0..12_usize).map(|at| graph.dependants(&at).into_iter().copied().collect::<Vec<_>>()).collect::<Vec<_>>()
        };
        prop_assert_eq!(reach(&arrows), reach(&kept));
    }
}
