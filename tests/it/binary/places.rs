//! Every finding has a place in every format: forges refuse reports without.

use serde_json::Value;

use super::Home;

#[test]
fn a_finding_about_nothing_stands_in_the_first_file() {
    let home = Home::new();
    for (text, code) in
        [("", "BDR-P012"), ("# nothing yet\n", "BDR-P012"), ("---\n...\n", "BDR-P012"), (&"k: 1\n".repeat(3), "BDR-P010")]
    {
        home.policy(text);
        let run = |format: &str| home.run(&["lint", "--color", "never", "--format", format]).ends(2).stdout;
        let json = |format: &str| serde_json::from_str::<Value>(&run(format)).unwrap();
        let sarif = json("sarif");
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        assert!(results.iter().any(|result| result["ruleId"] == code), "{text:?}: {results:?}");
        for result in results {
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uri"], "bdr.yaml", "{text:?}: {result}");
            assert!(place["region"]["startLine"].as_u64() >= Some(1), "{text:?}: {result}");
        }
        for entry in json("gitlab").as_array().unwrap() {
            assert_eq!(entry["location"]["path"], "bdr.yaml");
            assert!(entry["location"]["lines"]["begin"].as_u64() >= Some(1), "{text:?}: {entry}");
        }
        for finding in json("json")["findings"].as_array().unwrap() {
            assert_eq!(finding["places"][0]["file"], "bdr.yaml", "{text:?}: {finding}");
        }
        let github = run("github");
        let annotations: Vec<&str> = github.lines().filter(|line| line.starts_with("::")).collect();
        assert_eq!(annotations.len(), results.len());
        assert!(annotations.iter().all(|line| line.starts_with("::error file=bdr.yaml,line=")), "{text:?}: {github}");
        let junit = run("junit");
        assert_eq!(junit.matches("<testsuite name=\"bdr.yaml\"").count(), 1);
        assert_eq!(junit.matches("<testsuite ").count(), 1, "{text:?}: {junit}");
        assert!(run("human").contains("bdr.yaml:1:1"), "{text:?}");
    }
}

#[test]
fn a_count_of_further_findings_has_a_place_too() {
    let home = Home::new();
    home.policy(&format!("version: 1\nname: x\n{}", (0..10_050).map(|at| format!("k{at}: 1\n")).collect::<String>()));
    let sarif: Value = serde_json::from_str(&home.run(&["lint", "--format", "sarif"]).ends(2).stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().any(|result| result["ruleId"] == "BDR-P003"));
    assert!(results.iter().all(|result| result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "bdr.yaml"));
}
