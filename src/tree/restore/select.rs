//! Which paths of a backup are wanted.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::diag::shown;
use crate::tree::TreeError;

/// Paths and globs; none of them: everything. What is named is wanted with all that lies below it.
#[derive(Debug, Clone, Default)]
pub struct Paths {
    globs: Option<GlobSet>,
    /// What was named, each with its own globs.
    pub(super) named: Vec<(String, GlobSet)>,
}

impl Paths {
    /// `*` stops at `/`, `**` does not. A path may be told with or without its leading `/`, and from the backup's root on. A name
    /// in which signs of globs stand is also taken as it is.
    ///
    /// # Errors
    /// When a glob does not parse.
    pub fn new(globs: &[String], roots: &[String]) -> Result<Self, TreeError> {
        if globs.is_empty() {
            return Ok(Self::default());
        }
        let (mut all, mut named) = (GlobSetBuilder::new(), Vec::new());
        for glob in globs {
            let plain = glob.trim_matches('/');
            let mut texts = vec![plain.to_owned(), literal(plain.as_bytes())];
            if !glob.starts_with('/') {
                let roots = roots.iter().map(|root| literal(root.trim_matches('/').as_bytes()));
                texts.extend(roots.flat_map(|root| [format!("{root}/{plain}"), format!("{root}/{}", literal(plain.as_bytes()))]));
            }
            let mut own = GlobSetBuilder::new();
            for text in texts {
                let built = GlobBuilder::new(&text).literal_separator(true).build();
                let built = built.map_err(|error| TreeError::Missing(format!("what `{text}` names: {}", error.kind())))?;
                all.add(built.clone());
                own.add(built);
            }
            named.push((glob.clone(), own.build().map_err(|error| TreeError::Missing(error.to_string()))?));
        }
        let globs = all.build().map_err(|error| TreeError::Missing(error.to_string()))?;
        Ok(Self { globs: Some(globs), named })
    }

    pub fn is_all(&self) -> bool {
        self.globs.is_none()
    }

    pub fn wants(&self, path: &[u8]) -> bool {
        self.globs.as_ref().is_none_or(|globs| names(globs, path))
    }
}

/// The glob that names a path and no other: signs of globs stand for themselves, and a byte that cannot be typed is any byte.
pub fn literal(path: &[u8]) -> String {
    let mut glob = String::new();
    for chunk in path.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => glob.push_str("\\\\"),
                c if shown(c.encode_utf8(&mut [0; 4])) != c.to_string() => glob.push_str(&"?".repeat(c.len_utf8())),
                c => glob.push_str(&globset::escape(c.encode_utf8(&mut [0; 4]))),
            }
        }
        glob.push_str(&"?".repeat(chunk.invalid().len()));
    }
    glob
}

/// Whether globs name a path or a folder above it.
pub(super) fn names(globs: &GlobSet, path: &[u8]) -> bool {
    let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([path.len()]);
    ends.map(|end| Path::new(OsStr::from_bytes(&path[..end]))).any(|path| globs.is_match(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_wanted_with_all_below_it() {
        let paths = |globs: &[&str]| {
            let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
            Paths::new(&globs, &["/srv/a[1]".to_owned()]).expect("globs")
        };
        let some = paths(&["docs", "/srv/a\\[1\\]/*.txt"]);
        for (path, wanted) in [
            ("srv/a[1]/docs", true),
            ("srv/a[1]/docs/deep/x", true),
            ("srv/a[1]/x.txt", true),
            ("srv/a[1]/deep/x.txt", false),
            ("srv/a[1]", false),
            ("docs/x", true),
            ("srv/a1/docs", false),
        ] {
            assert_eq!(some.wants(path.as_bytes()), wanted, "{path}");
        }
        assert!(paths(&[]).is_all());
        for name in [&b"*glob?[x]{a,b}\\!"[..], b"bad\xffdir\n", "u\u{202e}x".as_bytes(), b"plain"] {
            let named = Paths::new(&[literal(name)], &[]).expect("glob");
            assert!(named.wants(name) && !named.wants(b"other"), "{}", name.escape_ascii());
        }
        assert!(paths(&["*glob?[x]"]).wants(b"srv/a[1]/*glob?[x]"));
        assert!(Paths::new(&["a[".to_owned()], &[]).is_err());
    }
}
