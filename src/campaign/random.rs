//! The one source of randomness of the unattended job: a small generator that is seeded anew for
//! every input, so that the nth input depends on the seed, on n and on the corpus, and on nothing
//! else.

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The generator of the `n`th input under a seed.
    pub fn of(seed: u64, n: u64) -> Random {
        let mut outer = Random(seed);
        let mut inner = Random(outer.bits() ^ n.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        inner.bits();
        inner
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 {
            return 0;
        }
        // The bias is below 2⁻³² for every list that is chosen from here.
        let wide = u128::from(self.bits()) * n as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of a list; `None` where it is empty.
    pub fn pick<'l, T>(&mut self, list: &'l [T]) -> Option<&'l T> {
        let at = self.below(list.len());
        list.get(at)
    }

    /// How often to do something: once, and again and again with one chance in two, at most `most`
    /// times.
    pub fn times(&mut self, most: usize) -> usize {
        let mut n = 1;
        while n < most && self.percent(50) {
            n += 1;
        }
        n
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_same_place_gives_the_same_numbers() {
        let some = |seed, n| {
            let mut random = Random::of(seed, n);
            [random.bits(), random.bits(), random.below(10) as u64]
        };
        assert_eq!(some(1, 7), some(1, 7));
        assert_ne!(some(1, 7), some(1, 8));
        assert_ne!(some(1, 7), some(2, 7));
        let mut random = Random::of(0, 0);
        let mut seen = [0_u32; 7];
        for _ in 0..7_000 {
            seen[random.below(7)] += 1;
        }
        assert!(seen.iter().all(|n| (800..1_200).contains(n)), "{seen:?}");
        assert_eq!(random.below(0), 0);
        assert_eq!(random.pick::<u8>(&[]), None);
    }
}
