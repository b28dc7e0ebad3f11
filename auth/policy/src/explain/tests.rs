//! Tests of explanations: names of operations, resources, and the statement that decides.

use super::super::actions;
use super::*;

fn ask(action: &str, resource: &str, instance: Option<&str>) -> Result<Question, BadQuestion> {
    Question::new(action, resource, instance, &"100000000001".parse().unwrap())
}

#[test]
fn operations_are_found_by_every_name() {
    let name = "foo/x".parse().unwrap();
    for (action, resource, instance, request) in [
        ("pull", "foo/x", None, op::pull(Realm::Personal, &name)),
        ("pull", "foo/x:v1", None, op::pull(Realm::Personal, &name)),
        ("CCR:Push", "qcs::ccr:::repo/foo/x", None, op::push(Realm::Personal, &name)),
        ("push", "foo/x", Some("tcr-abcd1234"), op::push(Realm::Instance("tcr-abcd1234"), &name)),
        (
            "tcr:PullRepository",
            "qcs::tcr:::repository/tcr-abcd1234/foo/x",
            None,
            op::pull(Realm::Instance("tcr-abcd1234"), &name),
        ),
        ("delete-tag", "foo/x:v1", None, op::tag_delete(Realm::Personal, &name, &"v1".parse().unwrap())),
        ("ccr:BatchDeleteTag", "foo/x:v1", None, op::tag_batch_delete(Realm::Personal, &name, &"v1".parse().unwrap())),
        ("ccr:CreateNamespacePersonal", "foo", None, op::namespace_create(Realm::Personal, "foo")),
        ("create-namespace", "foo", None, op::namespace_create(Realm::Personal, "foo")),
        ("create-instance", "*", None, op::instance_create()),
        (
            "tcr:CreateInstanceToken",
            "*",
            Some("tcr-abcd1234"),
            actions::tcr::CreateInstanceToken.on_instance("tcr-abcd1234"),
        ),
        ("tcr:DescribeRegions", "", None, actions::tcr::DescribeRegions.on_everything()),
        ("cam:GetGroup", "qcs::cam:::groupid/7", None, actions::cam::GetGroup.on_cam(CamResource::Group(7))),
        ("cam:ListUsers", "*", None, actions::cam::ListUsers.on_everything()),
    ] {
        let asked = ask(action, resource, instance).unwrap_or_else(|e| panic!("{action} {resource}: {e}"));
        assert_eq!(asked.requests, [request], "{action} {resource}");
    }
    assert!(ask("push", "foo/x", None).unwrap().to_create.is_some() && ask("pull", "foo/x", None).unwrap().pull);
    let duplicate = ask("ccr:DuplicateImagePersonal", "foo/x:v1", None).unwrap();
    assert_eq!(duplicate.requests, [op::push(Realm::Personal, &name)]);
    assert!(duplicate.to_create.is_some() && duplicate.note.is_some());
    let trigger = ask("tcr:CreateApplicationTriggerPersonal", "foo/x", None).unwrap();
    assert_eq!(trigger.requests, op::continuous(&actions::tcr::CreateApplicationTriggerPersonal));
    assert_eq!(trigger.requests.len(), 2, "`ccb` comes on top");
    assert_eq!(ask("ccb:CreateApplicationTriggerPersonal", "*", None).unwrap().requests, trigger.requests);
    assert_eq!(trigger.class, Class::Hardened);
    assert_eq!(duplicate.veto(false), Some(actions::tcr::DuplicateImagePersonal.on_everything()));
    assert_eq!(duplicate.veto(true), None, "as the document has it");
    // These are also done by docker, so their own denials count instead of a veto.
    for (action, resource) in [("push", "foo/x"), ("tcr:PullRepository", "foo/x"), ("ccr:DeleteTag", "foo/x:v1")] {
        assert_eq!(ask(action, resource, None).unwrap().veto(false), None, "{action}");
    }
    assert!(ask("cam:GetGroup", "qcs::cam:::groupid/7", None).unwrap().veto(false).is_none());
    for action in ["sts:GetCallerIdentity", "cam:GetUserAppId", "CCR:DescribeImagePersonal"] {
        assert_eq!(ask(action, "foo/x", None).unwrap().class, Class::Signed, "{action}");
    }
}

#[test]
fn every_word_is_an_operation() {
    for word in words() {
        let resource = match word {
            "create-instance" => "*",
            "create-namespace" | "delete-namespace" => "foo",
            "delete-tag" | "delete-tags" => "foo/x:v1",
            _ => "foo/x",
        };
        assert!(ask(word, resource, None).is_ok(), "{word}");
        assert!(ask(word, "qcs::cam:::uin/100000000011", None).is_err(), "{word}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (action, resource) in [
        ("fly", "foo/x"),
        ("tcr:NoSuchThing", "foo/x"),
        ("cvm:RunInstances", "*"),
        ("tcr:DuplicateImagePersonal", "*"),
        ("pull", "foo"),
        ("pull", "*"),
        ("pull", "../x"),
        ("delete-tag", "foo/x"),
        ("create-namespace", "foo/x"),
        ("ccr:", "foo/x"),
        ("cam:GetUser", "foo/x"),
        ("tcr:DescribeImages", "qcs::cam:::groupid/7"),
        ("cam:GetUser", "qcs::cam:::uin/x"),
        ("pull", "qcs::ccr::repo"),
        ("pull", "foo/x:a:b"),
        ("cam:GetRole", "qcs::cam:::team/x"),
        ("pull", "foo/x@sha256:1"),
    ] {
        assert!(ask(action, resource, None).is_err(), "{action} {resource}");
    }
}
