//! What is counted, and how long answers took. Plain numbers of one worker; knows no reader of them.

macro_rules! counters {
    ($($(#[$doc:meta])* $number:literal $name:ident = $text:literal,)*) => {
        /// Something that happened and is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Counter { $($(#[$doc])* $name,)* }

        impl Counter {
            /// Every counter, in the order of the status.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in the status.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Its number in records.
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number,)* }
            }
        }
    };
}

// The number is what records call a counter: a new one gets the next number that was never used,
// wherever it stands, and one that goes takes its number with it.
counters! {
    /// Frames received on any link.
    1 Frames = "frames",
    /// Frames without a message: keep-alives of the framing.
    2 KeepAlives = "keep_alives",
    /// Frames that came in on a link that is being closed; not looked at.
    3 FramesTooLate = "frames_too_late",
    /// Requests (1100, 1101, 1200, 1201) received, each with a STAN.
    4 Requests = "requests",
    /// Requests handed to a socket of an issuer.
    5 Forwarded = "forwarded",
    /// Among them, those taken back before the socket took a byte: their time was over.
    92 Withdrawn = "withdrawn",
    /// Bytes that were dropped as a peer may have begun a reign meanwhile: requests, which count as never
    /// sent, approvals, which are reversed, and other answers.
    101 LateDropped = "late_dropped",
    /// Repeats and reversals of what nobody knows that are listed, behind a promotion that may have lost
    /// records.
    103 Orphans = "orphans",
    /// Those that are listed no more, as there are too many.
    104 OrphansDropped = "orphans_dropped",
    /// Links that were told that a standby reigns (804, 806).
    105 Announced = "announced",
    /// Answers of issuers passed on.
    6 Answered = "answered",
    /// Among them, approvals (DE 39 000 to 099).
    7 Approved = "approved",
    /// Fields that we can not vouch for (DE 53, 64, 96, 128), left out of a forwarded message.
    8 FieldsDropped = "fields_dropped",
    /// Decisions that asked and were parked.
    9 Parked = "parked",
    /// Replies to a decision that was over.
    10 RepliesLate = "replies_late",
    /// Repeats of a request that is in flight: they wait for its answer.
    56 RepeatsInFlight = "repeats_in_flight",
    /// Repeats answered as the issuer answered the first.
    57 RepeatsAnswered = "repeats_answered",
    /// How often repeats began to be known for less than ten minutes.
    96 WindowShort = "window_short",
    /// Repeats declined as the first was.
    58 RepeatsDeclined = "repeats_declined",

    /// Advices and reversals of acquirers received, each with a STAN.
    80 Advices = "advices",
    /// Among them, those written down and acknowledged.
    81 AdvicesTaken = "advices_taken",
    /// Repeats of these, answered as the first was.
    82 AdvicesRepeated = "advices_repeated",
    /// Reversals of what is in flight, or of what a reversal is owed for already: no second one is.
    83 ReversalsMerged = "reversals_merged",
    /// Reversals of what was declined, or never sent: there is nothing to take back.
    84 ReversalsOfNothing = "reversals_of_nothing",
    /// Advices that were reversed before they came: they are acknowledged, and brought to nobody.
    99 AdvicesReversed = "advices_reversed",
    /// Reversals of what was reversed before.
    85 ReversalsSecond = "reversals_second",
    /// Advices and reversals whose original nobody knows.
    86 OriginalsUnknown = "originals_unknown",
    /// Reversals of what nobody knew that were forgotten within a week: should their original still
    /// come, it is not refused.
    97 TombstonesForgotten = "tombstones_forgotten",

    /// Refused with 902: a request of unknown kind.
    11 RefusedUnknownRequest = "refused_unknown_request",
    /// Refused with 902: a request from a station that only issues.
    12 RefusedNotAnAcquirer = "refused_not_an_acquirer",
    /// Refused with 904: malformed.
    13 RefusedFormat = "refused_format",
    /// Refused with 904: two fields say different card numbers.
    14 RefusedPanDisagrees = "refused_pan_disagrees",
    /// Refused with 904: known with another amount or card.
    59 RefusedDiffers = "refused_differs",
    /// Refused with 904: an advice or reversal that does not agree with its original.
    87 RefusedOriginalDiffers = "refused_original_differs",
    /// Refused with 904: the answer or the request can not be said in the other side's format.
    15 RefusedConversion = "refused_conversion",
    /// Refused with 905: not an institution of that station.
    16 RefusedUnknownAcquirer = "refused_unknown_acquirer",
    /// Refused with 907: no link of the issuer is up.
    17 RefusedLinkDown = "refused_link_down",
    /// Refused with 907: no link of the issuer had room, or the last one closed before a byte left.
    18 RefusedUnsent = "refused_unsent",
    /// Refused with 907: it came too long ago, or all links of its acquirer are gone.
    91 RefusedGivenUp = "refused_given_up",
    /// Refused with 907: the table of pending transactions is full.
    19 RefusedPendingFull = "refused_pending_full",
    /// Refused with 907: no STAN is free.
    20 RefusedStansExhausted = "refused_stans_exhausted",
    /// Refused with 907: the issuer's window is full.
    21 RefusedWindowFull = "refused_window_full",
    /// Refused with 907: the gate has no room for new requests.
    22 RefusedGateFull = "refused_gate_full",
    /// Refused with 907: the journal will have no room.
    62 RefusedNoRoom = "refused_no_room",
    /// Refused with 907: the node is sick, it can not complete a transaction in time.
    106 RefusedSick = "refused_sick",
    /// Refused with 907: no room for its reversal, should it need one.
    70 RefusedSafFull = "refused_saf_full",
    /// Refused with 907: the node is stopping.
    23 RefusedDraining = "refused_draining",
    /// Refused with 908: no route.
    24 RefusedNoRoute = "refused_no_route",
    /// Refused with 909: an answer came that could not be passed on.
    25 RefusedMalfunction = "refused_malfunction",
    /// Refused with 909: a repeat of what a restart found without an outcome.
    60 RefusedClosed = "refused_closed",
    /// Because a repeat was of what nobody knows, behind a promotion that may have lost records (909).
    102 RefusedOrphan = "refused_orphan",
    /// Refused with 909: a repeat of what was approved with an answer that is no longer there.
    61 RefusedForgotten = "refused_forgotten",
    /// Refused with 910: the issuer, or the acquirer itself, is not signed on.
    26 RefusedSignedOff = "refused_signed_off",
    /// Refused with 911: no answer in time.
    27 RefusedTimedOut = "refused_timed_out",
    /// Refused with 911: its reversal came before it.
    88 RefusedReversed = "refused_reversed",
    /// Refused with 909: an advice, and the reader of older records did not reply.
    89 RefusedReaderSilent = "refused_reader_silent",
    /// Refused with 916: the message authentication code is wrong.
    28 RefusedMac = "refused_mac",
    /// Refused with 920: the key provider did not reply.
    29 RefusedKeysSilent = "refused_keys_silent",
    /// Refused with 921: a PIN block, and no keys for it.
    30 RefusedPin = "refused_pin",
    /// Refused with 923: a repeat of what is in flight, which is not held, or an advice about it.
    90 RefusedInProgress = "refused_in_progress",

    /// Messages whose type (MTI) can not be read: nobody knows whether an answer is due.
    31 TypeUnreadable = "type_unreadable",
    /// Malformed messages of a type that is never answered.
    32 MalformedDropped = "malformed_dropped",
    /// Messages that can not be parsed, or have no STAN to answer by, and were reported as such
    /// (1644, DE 24 650).
    33 MalformedReported = "malformed_reported",
    /// Notifications and acknowledgements: never answered.
    34 Unanswerable = "unanswerable",
    /// Answers to nothing that was sent, or that timed out and has rested.
    35 UnmatchedUnknown = "unmatched_unknown",
    /// Second answers: the transaction was settled by the first.
    36 UnmatchedSecond = "unmatched_second",
    /// Answers of another station than the one that was asked.
    37 UnmatchedOtherStation = "unmatched_other_station",
    /// Answers whose echoed fields differ from what was sent.
    38 UnmatchedDiffers = "unmatched_differs",
    /// Frames without a transaction beyond their link's budget: neither answered nor logged.
    39 NoiseDropped = "noise_dropped",
    /// Answers after the timeout.
    40 Late = "late",
    /// Among them, approvals.
    41 LateApproved = "late_approved",
    /// Answers that could not be handed to any link of the acquirer.
    42 Undeliverable = "undeliverable",
    /// Approvals of which no byte reached their acquirer: they are reversed (4013).
    93 Undelivered = "undelivered",
    /// How often a worker came to a clean stop, with everything delivered that was answered.
    98 Stops = "stops",
    /// Approvals that may have reached their acquirer in part.
    94 DeliveriesUnknown = "deliveries_unknown",
    /// Approvals that may have reached their acquirer in part and are listed no more: there are too many.
    100 DoubtsDropped = "doubts_dropped",
    /// Approvals that were lost with their link before a byte had left, and took another link.
    95 Redelivered = "redelivered",
    /// Answers for which no room was left in the gate.
    43 AnswersLost = "answers_lost",

    /// Items made: advices, reversals and file actions to be brought to an issuer.
    71 SafQueued = "saf_queued",
    /// Causes to reverse what was to be reversed already.
    72 SafMerged = "saf_merged",
    /// Items sent for the first time (xx20).
    73 SafSent = "saf_sent",
    /// Items sent again (xx21).
    74 SafSentAgain = "saf_sent_again",
    /// Items that their issuers acknowledged.
    75 SafAcknowledged = "saf_acknowledged",
    /// Sends of items that nobody answered, or with a code that may heal.
    76 SafInVain = "saf_in_vain",
    /// Items sent in vain so often that somebody should look.
    77 SafAlarms = "saf_alarms",
    /// Items refused with a code that will not heal.
    78 SafParked = "saf_parked",
    /// Items that two operators gave up.
    79 SafPurged = "saf_purged",

    /// Links opened.
    44 LinksOpened = "links_opened",
    /// Links closed.
    45 LinksClosed = "links_closed",
    /// Connections refused because all links of the station were in use.
    46 LinksRefused = "links_refused",
    /// Links closed because far more came than their budget for frames without a transaction.
    47 LinksNoisy = "links_noisy",
    /// Sign-ons accepted (DE 24 801), by either side.
    48 SignOns = "sign_ons",
    /// Sign-offs accepted (DE 24 802).
    49 SignOffs = "sign_offs",
    /// Echo tests sent (DE 24 831).
    50 EchoSent = "echo_sent",
    /// Echo tests of ours that nobody answered.
    51 EchoMissed = "echo_missed",
    /// Echo tests of partners that were not answered, as the node was sick.
    107 EchoWithheld = "echo_withheld",
    /// Network management requests answered.
    52 NetworkAnswered = "network_answered",
    /// Messages from another worker that could not be read: an error of ours.
    53 PeerMalformed = "peer_malformed",
    /// Messages to another worker that found its lane full.
    54 LanesFull = "lanes_full",
    /// Notices that found their queue full.
    55 NoticesLost = "notices_lost",
}

impl Counter {
    /// The counter that records call by this number, if there still is one.
    pub fn numbered(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|counter| counter.number() == number)
    }
}

/// All counters of one worker.
#[derive(Clone, Debug)]
pub struct Counters {
    counts: [u64; Counter::ALL.len()],
    /// Whether one of them went up since all were written down.
    changed: bool,
}

impl Default for Counters {
    fn default() -> Self {
        Self { counts: [0; Counter::ALL.len()], changed: false }
    }
}

impl Counters {
    /// Counts one.
    #[inline]
    pub fn count(&mut self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Counts several.
    #[inline]
    pub fn add(&mut self, counter: Counter, by: u64) {
        self.counts[counter as usize] += by;
        self.changed = true;
    }

    /// How often it happened.
    pub fn of(&self, counter: Counter) -> u64 {
        self.counts[counter as usize]
    }

    /// Whether one of them may have gone up since all were written down.
    #[inline]
    pub(crate) fn have_changed(&self) -> bool {
        self.changed
    }

    /// All of them are written down now: gives them as they are.
    pub(crate) fn as_written_down(&mut self) -> Self {
        self.changed = false;
        self.clone()
    }

    /// Name and count of each.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Counter::ALL.iter().map(|&counter| (counter.name(), self.of(counter)))
    }
}

/// Buckets of each power of two.
const FINE: u32 = 8;
/// Powers of two above the first `FINE` nanoseconds: up to about 69 seconds.
const BUCKETS: usize = 34 * 8;

/// Times of answers in buckets an eighth of a power of two wide, so within 12.5 % of the truth.
#[derive(Clone, Debug)]
pub struct Latencies([u64; BUCKETS]);

impl Default for Latencies {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Latencies {
    /// Records one time, in nanoseconds.
    #[inline]
    pub fn record(&mut self, nanos: u64) {
        self.0[bucket(nanos)] += 1;
    }

    /// Takes over the counts of another.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// The time, in nanoseconds, that `per_mille` of a thousand did not exceed; zero without any.
    pub fn quantile(&self, per_mille: u64) -> u64 {
        let total: u64 = self.0.iter().sum();
        let rank = (total * per_mille).div_ceil(1_000).max(1);
        let mut seen = 0;
        for (place, &count) in self.0.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return upper(place);
            }
        }
        0
    }
}

fn bucket(nanos: u64) -> usize {
    if nanos < u64::from(FINE) {
        return usize::try_from(nanos).expect("below eight");
    }
    let power = nanos.ilog2() - 3;
    let fine = (nanos >> power) & u64::from(FINE - 1);
    let place = u64::from((power + 1) * FINE) + fine;
    usize::try_from(place).map_or(BUCKETS - 1, |place| place.min(BUCKETS - 1))
}

/// The largest time that falls into a bucket.
fn upper(place: usize) -> u64 {
    let place = u64::try_from(place).expect("few buckets");
    let fine = u64::from(FINE);
    if place < fine {
        return place;
    }
    let power = place / fine - 1;
    ((fine + place % fine + 1) << power) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_counters_have_one_number_or_one_name() {
        for (place, counter) in Counter::ALL.iter().enumerate() {
            assert_eq!(Counter::numbered(counter.number()), Some(*counter));
            assert!(Counter::ALL[..place].iter().all(|other| other.name() != counter.name()));
        }
        assert_eq!(Counter::numbered(0), None);
    }

    /// Journals name counters by these numbers: this list only ever grows at its end.
    #[test]
    fn a_counter_keeps_its_number() {
        let known = [
            (1, Counter::Frames),
            (30, Counter::RefusedPin),
            (55, Counter::NoticesLost),
            (56, Counter::RepeatsInFlight),
            (59, Counter::RefusedDiffers),
            (62, Counter::RefusedNoRoom),
            (70, Counter::RefusedSafFull),
            (79, Counter::SafPurged),
        ];
        for (number, counter) in known {
            assert_eq!(counter.number(), number);
        }
    }

    #[test]
    fn a_quantile_is_within_an_eighth_above_the_true_time() {
        let mut times = Latencies::default();
        for micros in 1..=1_000_u64 {
            times.record(micros * 1_000);
        }
        for (per_mille, truth) in [(500, 500_000), (990, 990_000), (1_000, 1_000_000)] {
            let shown = times.quantile(per_mille);
            assert!(shown >= truth && shown <= truth + truth / 8, "{per_mille}: {shown}");
        }
    }

    #[test]
    fn the_shortest_and_the_longest_time_have_a_bucket() {
        let mut times = Latencies::default();
        assert_eq!(times.quantile(500), 0);
        times.record(0);
        assert_eq!(times.quantile(1_000), 0);
        times.record(u64::MAX);
        assert!(times.quantile(1_000) > 60_000_000_000);
    }

    #[test]
    fn every_time_falls_into_the_bucket_that_ends_at_or_above_it() {
        for shift in 0..35 {
            for offset in [0, 1, 2] {
                let nanos = (1_u64 << shift) + offset;
                assert!(upper(bucket(nanos)) >= nanos, "{nanos}");
                assert!(bucket(nanos) == 0 || upper(bucket(nanos) - 1) < nanos, "{nanos}");
            }
        }
    }
}
