//! Whose a bucket is that does not carry the policy's mark: the policy's all the same, as what else is in it shows, or another policy's.

use crate::provider::Freshness;
use crate::providers::s3::SETTINGS;
use crate::providers::s3::document::Answer;
use crate::providers::s3::place::Place;
use crate::providers::s3::session::S3Session;
use crate::providers::s3::setting::Setting;
use crate::providers::s3::tags::{self, MARK, TAKEN_OVER};
use crate::resource::{Live, Resource, Risk};
use crate::stores::s3::METADATA;

impl S3Session {
    /// Says of a bucket that would be taken over that it is the policy's already, where its rules, its other tags or what lies in it show that.
    pub(super) async fn unmarked(&self, place: &Place, freshness: Freshness, live: &mut Live) {
        let Some(note) = live.notes.iter_mut().find(|note| *note == TAKEN_OVER).filter(|_| freshness == Freshness::Cached) else {
            return;
        };
        let has_notes = live.attrs.as_ref().is_some_and(|attrs| attrs.keys().any(|key| key.starts_with("bdr:")));
        let shows = if has_notes { Some("its other tags are".to_owned()) } else { self.shown_by_rules(place).await };
        let shows = match shows {
            None => self.shown_by_objects(place).await,
            some => some,
        };
        if let Some(shows) = shows {
            *note = format!(
                "somebody took bdr's mark (`{MARK}`) off the bucket, and {shows} this policy's all the same: apply marks it again, without which \
                 the bucket is not found once its store leaves the policy"
            );
        }
    }

    /// What another policy set up in a bucket of its own is not made weaker by one that comes later.
    pub(super) async fn of_another(&self, place: &Place, setting: &dyn Setting, desired: Option<&Resource>, live: &mut Live) {
        let kind = setting.kind();
        let weakens = |wanted: &&Resource| (kind.risk)(live.attrs.as_ref(), Some(&wanted.attrs)) >= Risk::Weakens;
        if kind.shared || live.attrs.is_none() || desired.filter(weakens).is_none() {
            return;
        }
        let Ok(Answer::Found(tags)) = self.document(place, &tags::DOCUMENT, Freshness::Cached).await else { return };
        if let Some(whose) = tags::others(&tags.tree, &self.policy().name).first() {
            live.unfit = Some(format!(
                "the bucket is policy `{whose}`'s, and this would make its {} weaker: state what stands there, or name a bucket of its own",
                kind.title
            ));
        }
    }

    async fn shown_by_rules(&self, place: &Place) -> Option<String> {
        for setting in SETTINGS.iter().filter(|setting| setting.kind().shared) {
            if let Ok(Answer::Found(found)) = self.document(place, setting.document(), Freshness::Cached).await
                && let Some(mark) = setting.marked(&found.tree, &self.policy().name).first()
            {
                return Some(format!("{} `{}` is", setting.kind().title, setting.spelled_out(mark)));
            }
        }
        None
    }

    /// A look that fails shows nothing.
    async fn shown_by_objects(&self, place: &Place) -> Option<String> {
        let folder = format!("{}{}/", place.prefix, *self.policy().name);
        let listed = place.look(|| {
            let list = place.connection.client.list_objects_v2().bucket(&place.bucket).prefix(&folder).max_keys(1);
            place.connection.ask(METADATA, list.set_expected_bucket_owner(place.owner.clone()).send())
        });
        let holds = listed.await.is_ok_and(|page| page.contents.is_some_and(|objects| !objects.is_empty()));
        holds.then(|| format!("what lies below `{folder}` is"))
    }
}
