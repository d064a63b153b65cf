//! Values that the profile gives to parameters, and whole bodies: which camera there is, which user. No
//! document can say what stands on one device.

use super::assess::assess;
use super::model::{Contract, Operation, Place};
use super::profile::{Formats, Profile, nearest};
use super::serialization::Format;
use probity_pattern::{Assessment, Texts};

/// Puts the values of `[values]` into the parameters that they name, those of `[bodies]` into the bodies of
/// their operations, and what the profile says of formats into the contract.
///
/// # Errors
/// The first entry that names nothing of the contract, or whose value the document forbids.
pub fn give(contract: &mut Contract, profile: &Profile) -> Result<(), String> {
    contract.formats_bind = match profile.formats {
        Formats::Documented => contract.formats_bind,
        Formats::Annotation => false,
        Formats::Checked => true,
    };
    if profile.values.is_empty() && profile.bodies.is_empty() {
        return Ok(());
    }
    let texts = contract.texts();
    give_bodies(contract, profile, &texts)?;
    for (name, values) in &profile.values {
        let entry = format!("[values.{name:?}]");
        let named: Vec<bool> = contract.operations.iter().map(|o| is(o, name)).collect();
        if !named.contains(&true) {
            let known = contract.operations.iter();
            let known = known.flat_map(|o| [o.path.as_str(), o.id.as_str()]);
            let hint = nearest(name, known);
            return Err(format!(
                "{entry}: the contract has no such path or operation{hint}"
            ));
        }
        for (parameter, value) in values {
            let operations = contract.operations.iter_mut().zip(&named);
            let operations = operations.filter(|(_, named)| **named).map(|(op, _)| op);
            let parameters = operations.flat_map(|op| op.parameters.iter_mut());
            let mut found = false;
            for given in parameters.filter(|p| p.name == *parameter) {
                found = true;
                if assess(&given.schema, value, &texts).certainty == Assessment::SurelyInvalid {
                    let why = "the document does not allow this value";
                    return Err(format!("{entry} {parameter} = {value}: {why}"));
                }
                // In a path they would name something else (RFC 3986 §5.2.4).
                if given.place == Place::Path && ["", ".", ".."].map(Some).contains(&value.as_str())
                {
                    return Err(format!(
                        "{entry} {parameter} = {value}: no segment of a path"
                    ));
                }
                given.given = Some(value.clone());
            }
            if !found {
                let parameters = contract.operations.iter().zip(&named);
                let parameters = parameters.filter(|(_, named)| **named);
                let parameters = parameters.flat_map(|(op, _)| op.parameters.iter());
                let hint = nearest(parameter, parameters.map(|p| p.name.as_str()));
                return Err(format!(
                    "{entry} {parameter}: there is no such parameter{hint}"
                ));
            }
        }
    }
    Ok(())
}

/// Puts whole bodies into the operations that they are of.
fn give_bodies(contract: &mut Contract, profile: &Profile, texts: &Texts) -> Result<(), String> {
    for (name, value) in &profile.bodies {
        let entry = format!("[bodies] {name:?}");
        let mut operations = contract.operations.iter();
        let Some(at) = operations.position(|op| op.id == *name || op.is_named(name)) else {
            let hint = contract.suggestion(name);
            return Err(format!("{entry}: the contract has no such operation{hint}"));
        };
        let body = contract
            .operations
            .get_mut(at)
            .and_then(|op| op.body.as_mut());
        let Some(body) = body else {
            return Err(format!("{entry}: the operation takes no body"));
        };
        if body.format == Format::Unsupported {
            let media = &body.media_type;
            return Err(format!("{entry}: no body of {media} can be made"));
        }
        let assessed = assess(&body.schema, value, texts);
        if assessed.certainty == Assessment::SurelyInvalid {
            let at = assessed.faults.iter().find(|fault| fault.certain);
            let at = at.map(|fault| match fault.path.0.is_empty() {
                true => format!(" (`{}`)", fault.keyword),
                false => format!(" (`{}` of {})", fault.keyword, fault.path),
            });
            let at = at.unwrap_or_default();
            return Err(format!(
                "{entry}: the document does not allow this body{at}"
            ));
        }
        body.given = Some(value.clone());
    }
    Ok(())
}

/// Whether an entry names an operation, by itself or by its path.
fn is(op: &Operation, name: &str) -> bool {
    let same = |path: &str| path.trim_end_matches('/') == name.trim_end_matches('/');
    op.id == name || op.is_named(name) || same(&op.path) || same(op.stated_path())
}
