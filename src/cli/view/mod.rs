//! How results are shown: one file per thing shown, each returning text; printing is the command's.

pub mod assessment;
pub mod backups;
pub mod drawing;
pub mod run;
pub mod lines;
pub mod markdown;
pub mod status;
pub mod table;
pub mod unread;
pub mod verification;
pub mod wal;
