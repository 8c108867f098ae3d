//! The names in one folder, sorted, in as little memory as they need.

use rustix::fd::AsFd;
use rustix::fs::Dir;

/// The names of a folder, without `.` and `..`, in byte order; handed out front to back.
#[derive(Debug, Default)]
pub struct Names {
    text: Vec<u8>,
    /// Begin and end of each name in `text`.
    spans: Vec<(u32, u32)>,
    next: usize,
}

impl Names {
    /// # Errors
    /// When the folder cannot be read, or its names take more than 4 GiB.
    pub fn read(folder: impl AsFd) -> rustix::io::Result<Self> {
        let mut names = Self::default();
        for entry in Dir::read_from(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let small = |length: usize| u32::try_from(length).map_err(|_| rustix::io::Errno::OVERFLOW);
            let begin = small(names.text.len())?;
            names.text.extend_from_slice(name);
            names.spans.push((begin, small(names.text.len())?));
        }
        let Self { text, spans, .. } = &mut names;
        let name = |span: &(u32, u32)| &text[span.0 as usize..span.1 as usize];
        spans.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        Ok(names)
    }

    pub fn next_name(&mut self) -> Option<&[u8]> {
        let (begin, end) = *self.spans.get(self.next)?;
        self.next += 1;
        self.text.get(begin as usize..end as usize)
    }
}
