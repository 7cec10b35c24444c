//! Time as an argument. Nothing below the edge reads a clock; the edge hands in a [`Now`] with every input.
use arrayvec::ArrayString;
use core::ops::{Add, Sub};
use core::time::Duration;

/// A moment on the node's own clock that never steps back, in microseconds since the node started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(u64);

impl Mono {
    /// The moment `micros` microseconds after the node started.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the node started.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub const fn since(self, earlier: Mono) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// The earlier of two moments, as far as there are two.
pub fn earlier(one: Option<Mono>, other: Option<Mono>) -> Option<Mono> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;
    fn add(self, span: Duration) -> Mono {
        Mono(self.0.saturating_add(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl Sub<Duration> for Mono {
    type Output = Mono;
    fn sub(self, span: Duration) -> Mono {
        Mono(self.0.saturating_sub(u64::try_from(span.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// A moment of the world's calendar, in milliseconds since 1970-01-01T00:00:00Z. It may be stepped by an operator or
/// by NTP, so nothing measures a span with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(u64);

impl Wall {
    /// The moment `millis` milliseconds after 1970-01-01T00:00:00Z.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Reads XML Schema's dateTime: `2026-11-21T20:15:02Z`, with a fraction of a second and an offset if there are any; one
    /// without an offset is taken for UTC. `None` for anything else, and for moments before 1970.
    pub fn read(text: &str) -> Option<Wall> {
        let text = text.trim();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = text.get(from..to)?;
            digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
        };
        let is = |at: usize, byte: u8| text.as_bytes().get(at) == Some(&byte);
        if ![(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')].iter().all(|&(at, byte)| is(at, byte)) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let is_sound =
            (1..=12).contains(&month) && (1..=31).contains(&day) && hour <= 24 && minute < 60 && second <= 60;
        let rest = text.get(19..).filter(|_| is_sound)?;
        let fraction = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count() + 1);
        let millis =
            rest.get(1..fraction).and_then(|digits| format!("{digits:0<3.3}").parse::<i64>().ok()).unwrap_or(0);
        let zone = rest.get(fraction..)?;
        let offset = match zone.as_bytes() {
            [] | [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2]
                if [h1, h2, m1, m2].iter().all(|byte| byte.is_ascii_digit()) =>
            {
                let two = |high: u8, low: u8| i64::from(high - b'0') * 10 + i64::from(low - b'0');
                let minutes = two(*h1, *h2) * 60 + two(*m1, *m2);
                if *sign == b'-' { -minutes } else { minutes }
            }
            _ => return None,
        };
        // Year, month and day to days: Howard Hinnant's `days_from_civil`.
        let y = year - i64::from(month <= 2);
        let yoe = y.rem_euclid(400);
        let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let days = y.div_euclid(400) * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468;
        let secs = days * 86_400 + hour * 3600 + minute * 60 + second - offset * 60;
        u64::try_from(secs * 1000 + millis).ok().map(Wall)
    }

    /// How long ago `earlier` was; zero when it lies ahead, since clocks of others may be wrong.
    pub const fn since(self, earlier: Wall) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The calendar's reading of this moment, in UTC.
    pub fn civil(self) -> Civil {
        // Days to year, month and day: the era arithmetic of Howard Hinnant's `civil_from_days`.
        let secs = self.0 / 1000;
        let days = i64::try_from(secs / 86_400).unwrap_or(0);
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = doy - (153 * mp + 2) / 5 + 1;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        let year = yoe + era * 400 + i64::from(month <= 2);
        let of_day = secs % 86_400;
        Civil {
            year: u32::try_from(year).unwrap_or(0),
            month: u32::try_from(month).unwrap_or(1),
            day: u32::try_from(day).unwrap_or(1),
            hour: (of_day / 3600) as u32,
            minute: (of_day / 60 % 60) as u32,
            second: (of_day % 60) as u32,
            weekday: usize::try_from((days + 4).rem_euclid(7)).unwrap_or(0),
        }
    }
}

impl Add<Duration> for Wall {
    type Output = Wall;
    fn add(self, span: Duration) -> Wall {
        Wall(self.0.saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// A date and a time of day in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year, as 2026.
    pub year: u32,
    /// The month, 1 to 12.
    pub month: u32,
    /// The day of the month, 1 to 31.
    pub day: u32,
    /// The hour, 0 to 23.
    pub hour: u32,
    /// The minute, 0 to 59.
    pub minute: u32,
    /// The second, 0 to 59.
    pub second: u32,
    /// The day of the week, 0 for Sunday.
    pub weekday: usize,
}

impl Civil {
    /// The form of SIP's Date header: `Sat, 21 Nov 2026 20:15:03 GMT` (RFC 3261 §20.17).
    pub fn sip_date(self) -> ArrayString<29> {
        const DAYS: [&str; 7] = ["Sun, ", "Mon, ", "Tue, ", "Wed, ", "Thu, ", "Fri, ", "Sat, "];
        const MONTHS: [&str; 12] = [
            " Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ", " Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec ",
        ];
        let mut out = ArrayString::new();
        out.push_str(DAYS[self.weekday]);
        push_two(&mut out, self.day);
        out.push_str(MONTHS[(self.month as usize).clamp(1, 12) - 1]);
        push_two(&mut out, self.year / 100);
        push_two(&mut out, self.year);
        for (before, number) in [(" ", self.hour), (":", self.minute), (":", self.second)] {
            out.push_str(before);
            push_two(&mut out, number);
        }
        out.push_str(" GMT");
        out
    }

    /// The form of XML Schema's dateTime: `2026-11-21T20:15:02Z`.
    pub fn xml_date_time(self) -> String {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }
}

/// The last two digits of a number.
fn push_two<const N: usize>(out: &mut ArrayString<N>, number: u32) {
    for digit in [number / 10 % 10, number % 10] {
        out.push(char::from(b'0' + digit as u8));
    }
}

/// Both clocks, read once for one input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For spans and deadlines.
    pub mono: Mono,
    /// For dates that people and documents see.
    pub wall: Wall,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leap_day_and_the_last_second_of_a_year_read_as_the_calendar_says() {
        let leap = Wall::from_millis(1_709_164_800_000).civil();
        assert_eq!((leap.year, leap.month, leap.day, leap.weekday), (2024, 2, 29, 4));
        let end = Wall::from_millis(1_798_761_599_000).civil();
        assert_eq!(end.xml_date_time(), "2026-12-31T23:59:59Z");
        assert_eq!(&*end.sip_date(), "Thu, 31 Dec 2026 23:59:59 GMT");
    }

    #[test]
    fn a_moment_reads_back_whatever_its_offset_and_what_is_none_does_not() {
        for millis in [0, 951_782_400_000, 1_709_164_800_000, 1_795_292_102_000, 4_102_444_799_000] {
            let at = Wall::from_millis(millis);
            assert_eq!(Wall::read(&at.civil().xml_date_time()), Some(at));
        }
        let at = Some(Wall::from_millis(1_795_292_102_500));
        for text in ["2026-11-21T20:15:02.5Z", "2026-11-21T21:15:02.500+01:00", " 2026-11-21T14:45:02.5009-05:30 "] {
            assert_eq!(Wall::read(text), at, "{text}");
        }
        let none = ["", "2026-11-21", "2026-13-21T20:15:02Z", "2026-11-21T20:15:02+1", "1969-12-31T23:59:59Z"];
        for text in none.into_iter().chain(["2026-11-21T20:15:02é", "+026-11-21T20:15:02Z", "2026-11-21 20:15:02Z"]) {
            assert_eq!(Wall::read(text), None, "{text}");
        }
    }
}
