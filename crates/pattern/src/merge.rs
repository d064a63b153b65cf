//! Which of many languages are the same.

use super::automaton::Automaton;
use super::product::Budget;
use super::relation;

/// Proofs that may take all that they are given; the rest gets less, see [`Automaton::tire`].
pub(super) const PATIENCE: usize = 4;

/// Sorts automata into classes of equal languages: for each the index of the first equal one.
///
/// Texts that told two languages apart are tried on the rest first, so proofs are only needed
/// inside groups that agree on everything seen so far: at most one proof or one new text for each
/// automaton. Where the budget does not suffice for a proof the two are kept apart.
pub fn classes(automata: &mut [Automaton], budget: Budget) -> Vec<usize> {
    let mut class: Vec<usize> = Vec::with_capacity(automata.len());
    let mut probes: Vec<String> = vec![String::new(), "a".to_owned(), "0".to_owned()];
    // First of each class, with its answers to the probes.
    let mut firsts: Vec<(usize, Vec<bool>)> = Vec::new();
    let mut given_up = 0;
    for i in 0..automata.len() {
        let (before, rest) = automata.split_at_mut(i);
        let Some(current) = rest.first_mut() else {
            break;
        };
        // Languages of one pattern are much alike, also in what they cost.
        if given_up >= PATIENCE {
            current.tire();
        }
        let mut answers: Vec<bool> = probes.iter().map(|p| current.accepts(p)).collect();
        let mut found = None;
        let mut tried: Vec<usize> = Vec::new();
        while found.is_none() {
            let candidate = firsts
                .iter()
                .position(|(first, theirs)| *theirs == answers && !tried.contains(first));
            let Some(at) = candidate else { break };
            let first = firsts[at].0;
            tried.push(first);
            match relation::difference(&mut before[first], current, budget) {
                Ok(None) => found = Some(first),
                Ok(Some(text)) => {
                    for (index, theirs) in &mut firsts {
                        theirs.push(before[*index].accepts(&text));
                    }
                    answers.push(current.accepts(&text));
                    probes.push(text);
                }
                Err(_) => given_up += 1,
            }
        }
        class.push(found.unwrap_or(i));
        if found.is_none() {
            firsts.push((i, answers));
        } else {
            // Its proof took room, and nobody asks it again.
            current.clear();
        }
    }
    class
}
