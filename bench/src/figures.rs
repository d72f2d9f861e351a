//! Counts to what people read: rates, ratios, decimals. The one place with floating point; nothing
//! here decides anything. Must not know what was counted.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "figures for people; 52 bits are more than they read"
)]

/// `part` for each `whole`, 0 where there is none.
pub(crate) fn quotient(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// `part` of `whole` in hundredths, two decimals.
pub(crate) fn percent(part: u64, whole: u64) -> f64 {
    rounded(quotient(part, whole) * 100.0, 2)
}

/// `count` things in so many nanoseconds, a second.
pub(crate) fn per_second(count: u64, nanoseconds: u64) -> f64 {
    rounded(quotient(count, nanoseconds) * 1e9, 1)
}

/// Nanoseconds as microseconds with one decimal.
pub(crate) fn microseconds(nanoseconds: u64) -> f64 {
    rounded(nanoseconds as f64 / 1e3, 1)
}

/// Nanoseconds as seconds with three decimals.
pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    rounded(nanoseconds as f64 / 1e9, 3)
}

/// Nanoseconds for each of `count` things, in microseconds with three decimals.
pub(crate) fn microseconds_each(nanoseconds: u64, count: u64) -> f64 {
    rounded(quotient(nanoseconds, count) / 1e3, 3)
}

/// One figure by another, three decimals; 0 where there is none.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { rounded(part / whole, 3) } else { 0.0 }
}

/// How much longer one figure is than another, in units of a third; 0 where there is none.
pub(crate) fn longer_by(this: f64, other: f64, unit: f64) -> f64 {
    ratio(this - other, unit)
}

/// The middle one, or the mean of the middle two; 0 of none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.len() % 2, values.get(middle)) {
        (_, None) => 0.0,
        (0, Some(upper)) => rounded((values[middle - 1] + upper) / 2.0, 3),
        (_, Some(value)) => *value,
    }
}

fn rounded(value: f64, decimals: i32) -> f64 {
    let unit = 10_f64.powi(decimals);
    (value * unit).round() / unit
}

/// Writes a number as ASCII digits with leading zeros, as many as there is room for; higher digits
/// are left out.
pub(crate) fn write_decimal(place: &mut [u8], mut value: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + low_digit(value);
        value /= 10;
    }
}

fn low_digit(value: u64) -> u8 {
    u8::try_from(value % 10).expect("below ten")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_counted_makes_no_rate() {
        assert!(quotient(5, 0).abs() < f64::EPSILON);
        assert!(median(Vec::new()).abs() < f64::EPSILON);
    }

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert!((median(vec![4.0, 1.0, 3.0]) - 3.0).abs() < f64::EPSILON);
        assert!((median(vec![4.0, 1.0, 3.0, 2.0]) - 2.5).abs() < f64::EPSILON);
    }

    #[test]
    fn decimals_fill_their_place_with_zeros() {
        let mut place = *b"......";
        write_decimal(&mut place, 1_234_042);
        assert_eq!(&place, b"234042");
        write_decimal(&mut place, 7);
        assert_eq!(&place, b"000007");
    }
}
