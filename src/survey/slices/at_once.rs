//! How many connections a target takes at once, as its refusals show. Pure.
//!
//! A refusal may mean that it takes no more at once, that it counts logins in a time (a firewall), or that it
//! refuses for a while. Only in the first case are generations made smaller for good: the number has to show
//! in two rounds, and a refusal while no connection is open speaks against it.

/// Refusals beside open connections, after which the rest are opened in turn.
const REFUSALS: usize = 2;

/// What the refusals of a target show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtOnce {
    /// So many were open when another one was refused.
    most: Option<usize>,
    /// The last round in which it was.
    seen_in: u32,
    /// It was so in two rounds.
    confirmed: bool,
    /// Connections were refused while none was open: waiting helps.
    in_time: bool,
}

impl AtOnce {
    /// Whether no further connection is to be tried in this round, with so many open.
    pub fn is_reached(&self, open: usize, round: u32) -> bool {
        let known = self.confirmed || self.seen_in == round;
        known && self.most.is_some_and(|most| open >= most)
    }

    /// How many refusals mean that a further connection has to wait until others are closed; absent: it is
    /// tried again while retries last.
    pub fn refusals(&self, open: usize) -> Option<usize> {
        match self.most {
            _ if open == 0 || self.in_time => None,
            Some(most) if open >= most => Some(1),
            _ => Some(REFUSALS),
        }
    }

    /// Whether it has refused a connection of late.
    pub fn has_refused(&self) -> bool {
        self.most.is_some() || self.in_time
    }

    /// A connection was opened. `refused`: it had been refused before.
    pub fn opened(&mut self, open: usize, refused: bool) {
        if refused && open == 0 {
            *self = AtOnce { in_time: true, ..AtOnce::default() };
        }
        self.most = self.most.filter(|most| open < *most);
    }

    /// A further connection has to wait. Returns whether that is new.
    pub fn refused(&mut self, open: usize, round: u32) -> bool {
        let known = self.most == Some(open);
        self.confirmed |= known && self.seen_in != round;
        (self.most, self.seen_in) = (Some(open), round);
        !known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_shows_in_two_rounds_stays() {
        let mut limit = AtOnce::default();
        assert_eq!((limit.refusals(0), limit.refusals(3)), (None, Some(2)));
        assert!(limit.refused(3, 1) && limit.is_reached(3, 1) && !limit.is_reached(2, 1));
        limit.opened(0, false);
        // One more is tried in the next round, without waiting.
        assert!(!limit.is_reached(3, 2));
        assert_eq!(limit.refusals(3), Some(1));
        assert!(!limit.refused(3, 2));
        assert!(limit.is_reached(3, 2) && limit.is_reached(3, 3));
    }

    #[test]
    fn where_more_are_taken_later_the_number_is_forgotten() {
        let mut limit = AtOnce::default();
        limit.refused(1, 1);
        limit.opened(1, false);
        assert!(!limit.is_reached(2, 2));
        assert_eq!(limit.refusals(2), Some(2));
    }

    #[test]
    fn a_refusal_while_none_is_open_is_no_matter_of_how_many() {
        let mut limit = AtOnce::default();
        limit.refused(4, 1);
        limit.opened(0, true);
        assert!(!limit.is_reached(4, 1));
        assert_eq!(limit.refusals(4), None);
    }
}
