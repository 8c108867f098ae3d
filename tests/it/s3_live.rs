//! The binary on real endpoints, with somebody else at work behind its back: what it plans back, what it keeps, what it says.

mod adopted;
mod archive;
mod behind;
mod beside;
mod component;
mod down;
mod existing;
mod imported;
mod left;
mod locked;
mod lost;
mod once;
mod refused;
mod renamed;
mod replication;
mod shortened;
mod slow;
mod status;
mod statements;
mod whose;

use std::process::Command;

use aws_sdk_s3::Client;
use aws_sdk_s3::types as t;

use crate::binary::{Home, Ran};
use crate::harness::{Endpoint, fresh_name};

/// A policy on one bucket, run as a user would run it, and a client of somebody else.
pub struct Trial {
    pub home: Home,
    pub bucket: String,
    pub client: Client,
    url: String,
    keys: (String, String),
}

impl Trial {
    pub async fn new(endpoint: &Endpoint) -> Self {
        Self::through(endpoint, &endpoint.url).await
    }

    /// bdr speaks to the endpoint through `url`, the client directly.
    pub async fn through(endpoint: &Endpoint, url: &str) -> Self {
        let (home, bucket) = (Home::new(), fresh_name());
        home.policy(&policy(&bucket, &bucket, url, endpoint.region));
        let keys = (endpoint.access_key.clone(), endpoint.secret_key.clone());
        Self { home, bucket, client: endpoint.client().await, url: url.to_owned(), keys }
    }

    /// The same trial with other keys.
    #[must_use]
    pub fn with_keys(mut self, access_key: &str, secret_key: &str) -> Self {
        self.keys = (access_key.to_owned(), secret_key.to_owned());
        self
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.home.command(arguments);
        command.env("AWS_ACCESS_KEY_ID", &self.keys.0).env("AWS_SECRET_ACCESS_KEY", &self.keys.1);
        if matches!(arguments[0], "plan" | "drift") {
            command.args(["--allow-endpoint", &self.url]);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        let ran = Ran::of(&self.command(arguments).output().unwrap());
        let secret = &self.keys.1;
        assert!(secret == "test" || !format!("{ran:?}").contains(secret.as_str()), "the secret key is shown: {ran:#?}");
        ran
    }

    #[track_caller]
    pub fn plans_nothing(&self) {
        self.run(&["plan", "--detailed-exitcode"]).ends(0);
    }

    pub async fn rules(&self) -> Vec<t::LifecycleRule> {
        let answer = self.client.get_bucket_lifecycle_configuration().bucket(&self.bucket).send().await;
        let mut rules = answer.map(|answer| answer.rules.unwrap_or_default()).unwrap_or_default();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        rules
    }

    pub async fn put_rules(&self, rules: Vec<t::LifecycleRule>) {
        let rules = t::BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
        let put = self.client.put_bucket_lifecycle_configuration().bucket(&self.bucket).lifecycle_configuration(rules);
        put.send().await.unwrap();
    }

    pub async fn tags(&self) -> Vec<(String, String)> {
        let answer = self.client.get_bucket_tagging().bucket(&self.bucket).send().await;
        let tags = answer.map(|answer| answer.tag_set).unwrap_or_default();
        let mut tags: Vec<_> = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
        tags.sort();
        tags
    }

    pub async fn put_tags(&self, tags: &[(String, String)]) {
        let one = |(key, value): &(String, String)| t::Tag::builder().key(key).value(value).build().unwrap();
        let tags = t::Tagging::builder().set_tag_set(Some(tags.iter().map(one).collect())).build().unwrap();
        self.client.put_bucket_tagging().bucket(&self.bucket).tagging(tags).send().await.unwrap();
    }

    pub async fn suspend_versioning(&self) {
        let suspended = t::VersioningConfiguration::builder().status(t::BucketVersioningStatus::Suspended).build();
        self.client.put_bucket_versioning().bucket(&self.bucket).versioning_configuration(suspended).send().await.unwrap();
    }

    /// Somebody makes the net below the daily tier too short.
    pub async fn shorten_ours(&self) {
        let mut rules = self.rules().await;
        let ours = rules.iter_mut().find(|rule| rule.id().unwrap().ends_with("docs/nightly/daily")).unwrap();
        ours.expiration = Some(t::LifecycleExpiration::builder().days(3).build());
        self.put_rules(rules).await;
    }

    /// Somebody adds a rule of their own.
    pub async fn add_rule(&self, id: &str) {
        self.add_rule_below("tmp/", id).await;
    }

    /// Somebody moves everything below a prefix to an archive class after a week.
    pub async fn archive_below(&self, prefix: &str, id: &str) {
        let mut rules = self.rules().await;
        let filter = t::LifecycleRuleFilter::builder().prefix(prefix).build();
        let moves = t::Transition::builder().days(7).storage_class(t::TransitionStorageClass::Glacier).build();
        let rule = t::LifecycleRule::builder().id(id).filter(filter).status(t::ExpirationStatus::Enabled).transitions(moves);
        rules.push(rule.build().unwrap());
        self.put_rules(rules).await;
    }

    /// Somebody lets everything below a prefix go after a week.
    pub async fn add_rule_below(&self, prefix: &str, id: &str) {
        let mut rules = self.rules().await;
        let filter = t::LifecycleRuleFilter::builder().prefix(prefix).build();
        let expiration = t::LifecycleExpiration::builder().days(7).build();
        let rule = t::LifecycleRule::builder().id(id).filter(filter).status(t::ExpirationStatus::Enabled).expiration(expiration);
        rules.push(rule.build().unwrap());
        self.put_rules(rules).await;
    }

    /// Somebody removes the bucket with everything in it.
    pub async fn remove_bucket(&self) {
        let listed = self.client.list_object_versions().bucket(&self.bucket).send().await.unwrap();
        let versions = listed.versions.unwrap_or_default().into_iter().map(|version| (version.key, version.version_id));
        let markers = listed.delete_markers.unwrap_or_default().into_iter().map(|marker| (marker.key, marker.version_id));
        for (key, version) in versions.chain(markers) {
            let delete = self.client.delete_object().bucket(&self.bucket).set_key(key).set_version_id(version);
            delete.send().await.unwrap();
        }
        self.client.delete_bucket().bucket(&self.bucket).send().await.unwrap();
    }

    /// Somebody deletes every object; the bucket and what is set on it stay.
    pub async fn empty_bucket(&self) {
        let listed = self.client.list_objects_v2().bucket(&self.bucket).send().await.unwrap();
        for object in listed.contents.unwrap_or_default() {
            self.client.delete_object().bucket(&self.bucket).set_key(object.key).send().await.unwrap();
        }
    }

    /// Keys of every object, all versions of them.
    pub async fn objects(&self) -> Vec<String> {
        let listed = self.client.list_object_versions().bucket(&self.bucket).send().await.unwrap();
        listed.versions.unwrap_or_default().into_iter().filter_map(|version| version.key).collect()
    }
}

pub fn policy(name: &str, bucket: &str, url: &str, region: &str) -> String {
    format!(
        "version: 1\nname: {name}\nstores:\n  bucket:\n    s3: {{ bucket: {bucket}, region: {region}, endpoint: '{url}' }}\n    \
         versioning: true\n    tags: {{ team: ops }}\ncomponents:\n  docs:\n    files: {{ paths: ['@/docs'] }}\n    protect:\n      \
         nightly: {{ file_backup: {{}}, schedule: '0 2 * * *', store: bucket }}\n    retain: {{ daily: {{ for: 14d }}, weekly: \
         {{ for: 8w }} }}\nscheduler: {{ systemd: {{ directory: '@/units' }} }}\n"
    )
}
