//! The latest few of many, newest first. To add one and keep the list as it was costs the same however long it
//! is: every event of a component does both.

use std::rc::Rc;

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recent<T> {
    newest: Option<Rc<Link<T>>>,
    links: usize,
    max: usize,
}

// `Eq`: the same link is equal without a look at what it holds.
#[derive(Debug, Eq, PartialEq)]
struct Link<T> {
    value: T,
    older: Option<Rc<Link<T>>>,
}

impl<T: Clone> Recent<T> {
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { newest: None, links: 0, max }
    }

    pub fn push(&mut self, value: T) {
        // What is too old goes when it is as much as what is kept.
        if self.links >= 2 * self.max {
            let kept: Vec<_> = self.links().map(|link| link.value.clone()).collect();
            (self.newest, self.links) = (None, 0);
            kept.into_iter().rev().for_each(|value| self.link(value));
        }
        self.link(value);
    }

    fn link(&mut self, value: T) {
        self.newest = Some(Rc::new(Link { value, older: self.newest.take() }));
        self.links += 1;
    }

    fn links(&self) -> impl Iterator<Item = &Link<T>> {
        std::iter::successors(self.newest.as_deref(), |link| link.older.as_deref()).take(self.max)
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.links().map(|link| &link.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_few_are_there_newest_first() {
        let mut recent = Recent::new(3);
        for n in 1..=20 {
            recent.push(n);
            let latest: Vec<i32> = (1..=n).rev().take(3).collect();
            assert_eq!(recent.iter().copied().collect::<Vec<_>>(), latest);
            assert!(recent.links <= 6);
        }
    }

    #[test]
    fn a_clone_stays_as_it_was() {
        let mut recent = Recent::new(2);
        recent.push('a');
        let before = recent.clone();
        recent.push('b');
        assert_eq!(before.iter().collect::<String>(), "a");
        assert_eq!(recent.iter().collect::<String>(), "ba");
    }
}
