//! Where a run can create items of its own, what the plan makes of that, and how requests come to
//! name them.

use probity::case::items::Place;
use probity::case::{Context, Expect, Plan, plan_under};
use probity::contract::{Allowed, Contract, IdSource, Policy, load};
use probity::profile::Profile;
use std::path::Path;

fn with_shop<R>(work: impl FnOnce(&Context<'_>, &Contract) -> R) -> R {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/shop.yaml");
    let contract = load(&path).expect("contract");
    let (texts, profile) = (contract.texts(), Profile::default());
    let context = Context::new(&contract, &profile, &texts);
    work(&context, &contract)
}

#[test]
fn the_document_says_where_items_can_be_created() {
    with_shop(|context, _| {
        let places: Vec<Place> = context.places();
        assert_eq!(places.len(), 1);
        let place = &places[0];
        assert_eq!(
            (place.create.as_str(), place.delete.as_str()),
            ("createProduct", "deleteProduct")
        );
        assert_eq!(
            (place.collection.as_str(), place.item.as_str()),
            ("/products", "/products/1")
        );
        assert_eq!(place.ids.first(), Some(&IdSource::Answer("/id".to_owned())));
        assert!(place.list.as_ref().is_some_and(|l| !l.chosen));
        assert_eq!(place.names.len(), 1);
        for (path, want) in [
            ("/products/7", true),
            ("/products/7/x", false),
            ("/products/%2e%2e", false),
            ("/products/../profile", false),
            ("/profile", false),
        ] {
            assert_eq!(place.is_item_path(path), want, "{path}");
        }
    });
}

fn plan(context: &Context<'_>, policy: &Policy) -> Plan {
    plan_under(context, None, Some(policy), &|_| true)
}

#[test]
fn creates_are_planned_where_they_are_removed_again() {
    with_shop(|context, contract| {
        let profile = Profile::default();
        let policy = || Policy::new(contract, &profile, &Allowed::default()).expect("policy");
        let planned =
            |plan: &Plan, id: &str| plan.cases.iter().filter(|c| c.operation == id).count();
        let careful = policy().removing();
        let with = plan(context, &careful);
        assert!(planned(&with, "createProduct") > 50);
        let removal = with.cases.iter().find(|c| c.operation == "deleteProduct");
        assert_eq!(removal.map(|c| &c.expect), Some(&Expect::Accepted));
        // What stood for an item of ours while the plan was made is none.
        let marker = probity::exchange::HttpRequest {
            method: "DELETE".to_owned(),
            target: "/products/probity-own".into(),
            ..Default::default()
        };
        let refused = careful.permits(&probity::exchange::Request::Http(marker));
        assert!(refused.is_err());
        let without = plan(context, &policy());
        let accepted = without
            .cases
            .iter()
            .filter(|c| c.expect == Expect::Accepted);
        let mut accepted = accepted.map(|c| c.operation.as_str());
        assert!(!accepted.any(|id| id == "createProduct" || id == "deleteProduct"));
        let left_out = without
            .left_out
            .iter()
            .find(|l| l.operation == "createProduct");
        assert!(left_out.is_some_and(|l| l.reason.contains("would stay")));
    });
}
