//! Where boxes and lines go: a lane for each owner, a column for each step, lines only in the gaps between.
//!
//! A line leaves its box to the right, turns in the gap behind the column, and enters its target from the left. One that passes
//! over columns runs there in the gap above its target's lane. So no line crosses a box, whatever the drawing.

use std::collections::BTreeMap;

use crate::graph::Graph;

pub const HEIGHT: u32 = 28;
/// Between boxes of one cell, and around lanes.
const GAP: u32 = 10;
/// Between two lines that run beside each other.
const TRACK: u32 = 6;
/// Above the boxes of a lane, for its name.
pub const HEADING: u32 = 24;

/// One box to be placed.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub lane: usize,
    pub width: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

/// Where everything goes, in pixels.
#[derive(Debug, Clone, Default)]
pub struct Placed {
    pub boxes: Vec<Rect>,
    pub lanes: Vec<Rect>,
    /// The corners of each line, in the order of `arrows`.
    pub lines: Vec<Vec<(u32, u32)>>,
    pub width: u32,
    pub height: u32,
}

/// The longest chain of arrows that leads to each of `count` things.
pub fn ranks(count: usize, arrows: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut graph = Graph::new();
    (0..count).for_each(|at| _ = graph.add(at));
    arrows.for_each(|(from, to)| graph.wait(to, from));
    let mut ranks = vec![0; count];
    for (rank, wave) in graph.waves().unwrap_or_default().into_iter().enumerate() {
        wave.into_iter().for_each(|at| ranks[*at] = rank);
    }
    ranks
}

/// Arrows without those that a chain of others says already.
pub fn needed(count: usize, arrows: &[(usize, usize)]) -> Vec<bool> {
    let mut graph = Graph::new();
    (0..count).for_each(|at| _ = graph.add(at));
    arrows.iter().for_each(|(from, to)| graph.wait(*to, *from));
    let below: Vec<_> =
        (0..count).map(|at| graph.dependants(&at).into_iter().copied().collect::<std::collections::BTreeSet<_>>()).collect();
    let said =
        |from: usize, to: usize| graph.direct_dependants(&from).into_iter().any(|next| *next != to && below[*next].contains(&to));
    arrows.iter().map(|(from, to)| !said(*from, *to)).collect()
}

/// Places boxes and lines, each lane at least as wide as its name. Lanes are numbered from 0 without gaps.
pub fn layout(sizes: &[Size], arrows: &[(usize, usize)], names: &[u32]) -> Placed {
    let ranks = ranks(sizes.len(), arrows.iter().copied());
    let columns = Columns::of(sizes, arrows, &ranks);
    let mut placed = Placed { boxes: vec![Rect { x: 0, y: 0, width: 0, height: HEIGHT }; sizes.len()], ..Placed::default() };
    let mut y = GAP;
    let mut channels = Vec::new();
    let inner = columns.right.max(names.iter().copied().max().unwrap_or(0) + 3 * GAP);
    for lane in 0..names.len() {
        // Lines that pass over columns on their way into this lane.
        let passing = passing(sizes, arrows, &ranks, lane);
        channels.push((y, passing.clone()));
        y += TRACK * u32::try_from(passing.len()).unwrap_or(0) + GAP;
        let top = y;
        let mut filled: BTreeMap<usize, u32> = BTreeMap::new();
        for (at, size) in sizes.iter().enumerate().filter(|(_, size)| size.lane == lane) {
            let below = filled.entry(ranks[at]).or_insert(top + HEADING);
            placed.boxes[at] = Rect { x: columns.left[ranks[at]], y: *below, width: size.width, height: HEIGHT };
            *below += HEIGHT + GAP;
        }
        y = filled.values().copied().max().unwrap_or(top + HEADING);
        placed.lanes.push(Rect { x: GAP, y: top, width: inner, height: y - top });
    }
    placed.width = inner + 2 * GAP;
    placed.height = y + GAP;
    placed.lines = arrows.iter().map(|arrow| line(*arrow, sizes, &ranks, &placed.boxes, &columns, &channels)).collect();
    placed
}

/// The boxes whose lines run above a lane, in order.
fn passing(sizes: &[Size], arrows: &[(usize, usize)], ranks: &[usize], lane: usize) -> Vec<usize> {
    let long = arrows.iter().filter(|(from, to)| sizes[*to].lane == lane && ranks[*to] > ranks[*from] + 1);
    let mut from: Vec<usize> = long.map(|(from, _)| *from).collect();
    from.sort_unstable();
    from.dedup();
    from
}

/// Columns from left to right, with the gaps in which lines turn.
struct Columns {
    left: Vec<u32>,
    /// Where each box's line turns, by column of the gap (0: before the first column).
    tracks: Vec<BTreeMap<usize, u32>>,
    right: u32,
}

impl Columns {
    fn of(sizes: &[Size], arrows: &[(usize, usize)], ranks: &[usize]) -> Self {
        let count = ranks.iter().max().map_or(0, |last| last + 1);
        let mut turning: Vec<Vec<usize>> = vec![Vec::new(); count + 1];
        for (from, to) in arrows {
            turning[ranks[*from] + 1].push(*from);
            turning[ranks[*to]].push(*from);
        }
        let mut columns = Self { left: Vec::new(), tracks: Vec::new(), right: 0 };
        let mut x = GAP;
        for (column, mut turning) in turning.into_iter().enumerate() {
            turning.sort_unstable();
            turning.dedup();
            x += GAP;
            let tracks: BTreeMap<usize, u32> = turning
                .into_iter()
                .map(|from| {
                    x += TRACK;
                    (from, x)
                })
                .collect();
            // Room for the head of an arrow.
            x += GAP + TRACK;
            columns.tracks.push(tracks);
            columns.left.push(x);
            x += (0..sizes.len()).filter(|at| ranks[*at] == column).map(|at| sizes[at].width).max().unwrap_or(0);
        }
        columns.right = x;
        columns
    }
}

fn line(
    (from, to): (usize, usize),
    sizes: &[Size],
    ranks: &[usize],
    boxes: &[Rect],
    columns: &Columns,
    channels: &[(u32, Vec<usize>)],
) -> Vec<(u32, u32)> {
    let start = (boxes[from].x + boxes[from].width, boxes[from].y + HEIGHT / 2);
    let end = (boxes[to].x, boxes[to].y + HEIGHT / 2);
    let out = columns.tracks[ranks[from] + 1][&from];
    let mut line = vec![start, (out, start.1)];
    if ranks[to] > ranks[from] + 1 {
        let (top, passing) = &channels[sizes[to].lane];
        let track = passing.iter().position(|at| *at == from).and_then(|at| u32::try_from(at).ok()).unwrap_or(0);
        let y = top + GAP / 2 + track * TRACK;
        let into = columns.tracks[ranks[to]][&from];
        line.extend([(out, y), (into, y), (into, end.1)]);
    } else {
        line.push((out, end.1));
    }
    line.push(end);
    line.dedup();
    line
}
