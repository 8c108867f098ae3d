//! What lies in a bucket and not at the destination of its rule: looked for, and copied.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt};
use jiff::Timestamp;

use crate::catalog::absent::Withheld;
use crate::policy::Policy;
use crate::provider::Env;
use crate::providers::s3::{Existing, existing};
use crate::store::{ErrorKind, ObjectMeta, StoreError};
use crate::stores::s3::copy::{Copying, Ended, Reach, Terms};
use crate::tree::Progress;

/// After so many failures without a single copy, more of them tell nothing new.
const HOPELESS: u64 = 20;
/// Objects that failed and are named.
pub const NAMED: usize = 10;

/// A rule, ready to be carried out on what lies there.
pub struct Errand {
    pub rule: Existing,
    copying: Copying,
    at_once: usize,
}

/// What lies in the source and not at the destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Found {
    /// Objects of the source that were passed.
    pub compared: u64,
    pub objects: u64,
    pub bytes: u64,
    pub archived: u64,
    /// Manifests that wait for what cannot be copied.
    pub withheld: u64,
    /// Not all was compared.
    pub cut: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Came {
    pub copied: u64,
    pub bytes: u64,
    pub there_meanwhile: u64,
    pub gone: u64,
    pub archived: u64,
    pub under_way: u64,
    pub withheld: u64,
    pub failed: u64,
    /// The first of them, with why.
    pub named: Vec<(String, StoreError)>,
}

/// Those of a policy that say so.
///
/// # Errors
/// When the caller does not allow an endpoint that the policy names.
pub async fn errands(policy: &Policy, env: &Env, at_once: usize) -> Result<Vec<Errand>, StoreError> {
    let mut errands = Vec::new();
    for rule in existing(policy) {
        errands.extend(errand(policy, rule, env, at_once).await?);
    }
    Ok(errands)
}

/// # Errors
/// As [`errands`].
pub async fn errand(policy: &Policy, rule: Existing, env: &Env, at_once: usize) -> Result<Option<Errand>, StoreError> {
    let Some((here, there)) = rule.backends() else { return Ok(None) };
    let terms = Terms {
        below: rule.below.clone(),
        tags: rule.entry.tags.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect(),
        class: rule.entry.storage_class.as_ref().map(|class| class.value),
        key: policy.key_of_copies(&rule.entry),
        locks: rule.there.immutability.is_some(),
    };
    let copying = Copying::new(here, there, terms, env).await?;
    Ok(Some(Errand { rule, copying, at_once }))
}

/// How much is compared, and what is left to S3.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub reach: Reach,
    /// What was written from then on S3 may be about to copy by the rule that stands.
    pub new_from: Option<Timestamp>,
}

impl Look {
    pub const WHOLE: Self = Self { reach: Reach::Whole, new_from: None };
}

/// Places behind what a look reaches that are looked at too.
const PROBES: usize = 32;

/// The end of the character of a key behind a place; `None`: it ends there.
fn boundary_behind(key: &str, at: usize) -> Option<usize> {
    let rest = key.get(at..)?;
    rest.chars().next().map(|first| at + first.len_utf8())
}

/// How far a walk came.
#[derive(Debug, Default)]
struct Way {
    passed: AtomicU64,
    last: Mutex<Option<String>>,
    cut: AtomicBool,
}

/// Which objects of a source a walk is about: what commits a backup comes after all that it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Everything,
    Contents,
    Commits,
}

impl Part {
    fn takes(self, key: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Contents => !Withheld::is_commit(key),
            Self::Commits => Withheld::is_commit(key),
        }
    }
}

/// What is in an archive class cannot be read as it lies there.
fn is_archived(object: &ObjectMeta) -> bool {
    object.class.is_some_and(|class| !class.is_immediate())
}

impl Errand {
    pub fn places(&self) -> (String, String) {
        let place = |store: &crate::policy::StoreSpec| match store.backend.s3() {
            Some(backend) => format!("s3://{}/{}{}", backend.bucket.shown, backend.prefix.value, self.rule.below),
            None => store.name.to_string(),
        };
        (place(&self.rule.from), place(&self.rule.there))
    }

    pub fn is_within_store(&self) -> bool {
        self.copying.is_within_store()
    }

    fn parts(&self) -> &'static [Part] {
        if self.rule.backups { &[Part::Contents, Part::Commits] } else { &[Part::Everything] }
    }

    /// What is absent, with what `work` finds of it; ends early when it is asked to stop, or at what cannot be listed.
    fn each<'a, T: Send + 'a>(
        &'a self,
        (part, reach, after): (Part, Reach, Option<String>),
        (progress, way): (&'a Progress, &'a Way),
        work: impl Fn(ObjectMeta) -> BoxFuture<'a, T> + Send + 'a,
    ) -> BoxStream<'a, Result<T, StoreError>> {
        let absent = stream::unfold(Some(self.copying.compare(reach, after)), move |comparison| async move {
            let mut comparison = comparison?;
            loop {
                if progress.is_stopped() {
                    return None;
                }
                let next: BoxFuture<'_, _> = Box::pin(comparison.next());
                let next = next.await;
                way.passed.store(comparison.passed(), Ordering::Relaxed);
                if let (Some(last), Ok(mut told)) = (comparison.last(), way.last.lock()) {
                    *told = Some(last.to_owned());
                }
                way.cut.store(comparison.is_cut(), Ordering::Relaxed);
                match next {
                    Ok(Some(object)) if part.takes(&object.key) => return Some((Ok(object), Some(comparison))),
                    Ok(Some(_)) => {}
                    Ok(None) => return None,
                    Err(error) => return Some((Err(error), None)),
                }
            }
        });
        let one = move |object: Result<ObjectMeta, StoreError>| {
            let working = object.map(&work);
            async move {
                match working {
                    Ok(working) => Ok(working.await),
                    Err(error) => Err(error),
                }
            }
        };
        absent.map(one).buffer_unordered(self.at_once).boxed()
    }

    /// Compares both sides and copies nothing. Of what is too large for the reach, places farther on are looked at too: a copy that was
    /// interrupted left off somewhere behind all that is there.
    ///
    /// # Errors
    /// When a side cannot be listed, or the source does not tell tags that the rule chooses by. A source that is not there holds nothing.
    pub async fn look(&self, look: Look, progress: &Progress) -> Result<Found, StoreError> {
        let (mut found, mut withheld) = (Found::default(), Withheld::default());
        for part in self.parts() {
            let mut last = self.look_from((*part, None), look, progress, (&mut found, &mut withheld)).await?;
            let mut depth = self.rule.below.len();
            for _ in 0..PROBES {
                let Some(key) = last.clone().filter(|_| found.cut && found.objects == 0) else { break };
                let Some(end) = boundary_behind(&key, depth) else { break };
                let beyond = format!("{}{}", &key[..end], char::MAX);
                let probe = Look { reach: Reach::Pages(1), ..look };
                match self.look_from((*part, Some(beyond)), probe, progress, (&mut found, &mut withheld)).await? {
                    Some(farther) => last = Some(farther),
                    // Nothing lies behind all that begins so: within it.
                    None => depth = end,
                }
            }
        }
        Ok(found)
    }

    /// Compares from behind a key on; returns the last that was passed.
    async fn look_from(
        &self,
        (part, after): (Part, Option<String>),
        look: Look,
        progress: &Progress,
        (found, withheld): (&mut Found, &mut Withheld),
    ) -> Result<Option<String>, StoreError> {
        let way = Way::default();
        let is_new = move |object: &ObjectMeta| look.new_from.is_some_and(|from| object.modified >= from);
        let mut each = self.each((part, look.reach, after), (progress, &way), move |object| {
            Box::pin(async move {
                let archived = is_archived(&object);
                let ended = if archived { Ok(Ended::Archived) } else { self.copying.weigh(&object, is_new(&object)).await };
                (object, ended)
            })
        });
        while let Some(one) = each.next().await {
            let (object, ended) = match one {
                Err(error) if error.kind == ErrorKind::NotFound => break,
                one => one?,
            };
            match ended? {
                Ended::Archived => {
                    found.archived += 1;
                    withheld.leave_out(&object.key);
                }
                Ended::Copied if part == Part::Commits && withheld.holds_back(&object.key) => found.withheld += 1,
                Ended::Copied => {
                    found.objects += 1;
                    found.bytes += object.size;
                }
                // Its manifest waits for it.
                Ended::UnderWay => withheld.leave_out(&object.key),
                _ => {}
            }
        }
        drop(each);
        found.compared = found.compared.max(way.passed.load(Ordering::Relaxed));
        found.cut |= way.cut.load(Ordering::Relaxed);
        Ok(way.last.into_inner().unwrap_or_default())
    }

    /// Copies what is not there. One object that fails keeps no other from being copied, but for the manifests of its series.
    ///
    /// # Errors
    /// When a side cannot be listed.
    pub async fn carry(&self, progress: &Progress, tell: &(dyn Fn(&str, &StoreError) + Sync)) -> Result<Came, StoreError> {
        let (mut came, mut withheld) = (Came::default(), Withheld::default());
        for part in self.parts() {
            let holding = withheld.clone();
            let holding = &holding;
            let way = Way::default();
            let mut each = self.each((*part, Reach::Whole, None), (progress, &way), move |object| {
                Box::pin(async move {
                    let moved = |bytes| progress.add_moved(bytes);
                    let ended = match *part {
                        _ if is_archived(&object) => Ok(Some(Ended::Archived)),
                        Part::Commits if holding.holds_back(&object.key) => Ok(None),
                        _ => self.copying.copy(&object, &moved).await.map(Some),
                    };
                    (object, ended)
                })
            });
            while let Some(one) = each.next().await {
                let (object, ended) = match one {
                    Err(error) if error.kind == ErrorKind::NotFound => break,
                    one => one?,
                };
                progress.add_entries(1);
                progress.add_bytes(object.size);
                if came.count(&object, &ended) {
                    withheld.leave_out(&object.key);
                }
                let Err(error) = ended else { continue };
                tell(&object.key, &error);
                let hopeless = error.kind.is_of_place() || (came.copied == 0 && came.failed >= HOPELESS);
                if came.named.len() < NAMED {
                    came.named.push((object.key, error));
                }
                if hopeless {
                    return Ok(came);
                }
            }
            if progress.is_stopped() {
                break;
            }
        }
        Ok(came)
    }
}

impl Came {
    /// Whether the object is not where it should be.
    fn count(&mut self, object: &ObjectMeta, ended: &Result<Option<Ended>, StoreError>) -> bool {
        let counter = match ended {
            Ok(Some(Ended::Copied)) => {
                self.bytes += object.size;
                &mut self.copied
            }
            Ok(Some(Ended::ThereMeanwhile)) => &mut self.there_meanwhile,
            Ok(Some(Ended::Gone)) => &mut self.gone,
            Ok(Some(Ended::Archived)) => &mut self.archived,
            Ok(Some(Ended::UnderWay)) => &mut self.under_way,
            Ok(Some(Ended::NotChosen)) => return false,
            Ok(None) => &mut self.withheld,
            Err(_) => &mut self.failed,
        };
        *counter += 1;
        !matches!(ended, Ok(Some(Ended::Copied | Ended::ThereMeanwhile)))
    }
}
