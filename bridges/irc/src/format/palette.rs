//! The colours behind their numbers.

use super::Colour;

/// 0 to 98 as `0xRRGGBB`.
const PALETTE: [u32; 99] = [
    0xFF_FFFF, 0x00_0000, 0x00_007F, 0x00_9300, 0xFF_0000, 0x7F_0000, 0x9C_009C, 0xFC_7F00,
    0xFF_FF00, 0x00_FC00, 0x00_9393, 0x00_FFFF, 0x00_00FC, 0xFF_00FF, 0x7F_7F7F, 0xD2_D2D2,
    0x47_0000, 0x47_2100, 0x47_4700, 0x32_4700, 0x00_4700, 0x00_472C, 0x00_4747, 0x00_2747,
    0x00_0047, 0x2E_0047, 0x47_0047, 0x47_002A, 0x74_0000, 0x74_3A00, 0x74_7400, 0x51_7400,
    0x00_7400, 0x00_7449, 0x00_7474, 0x00_4074, 0x00_0074, 0x4B_0074, 0x74_0074, 0x74_0045,
    0xB5_0000, 0xB5_6300, 0xB5_B500, 0x7D_B500, 0x00_B500, 0x00_B571, 0x00_B5B5, 0x00_63B5,
    0x00_00B5, 0x75_00B5, 0xB5_00B5, 0xB5_006B, 0xFF_0000, 0xFF_8C00, 0xFF_FF00, 0xB2_FF00,
    0x00_FF00, 0x00_FFA0, 0x00_FFFF, 0x00_8CFF, 0x00_00FF, 0xA5_00FF, 0xFF_00FF, 0xFF_0098,
    0xFF_5959, 0xFF_B459, 0xFF_FF71, 0xCF_FF60, 0x6F_FF6F, 0x65_FFC9, 0x6D_FFFF, 0x59_B4FF,
    0x59_59FF, 0xC4_59FF, 0xFF_66FF, 0xFF_59BC, 0xFF_9C9C, 0xFF_D39C, 0xFF_FF9C, 0xE2_FF9C,
    0x9C_FF9C, 0x9C_FFDB, 0x9C_FFFF, 0x9C_D3FF, 0x9C_9CFF, 0xDC_9CFF, 0xFF_9CFF, 0xFF_94D3,
    0x00_0000, 0x13_1313, 0x28_2828, 0x36_3636, 0x4D_4D4D, 0x65_6565, 0x81_8181, 0x9F_9F9F,
    0xBC_BCBC, 0xE2_E2E2, 0xFF_FFFF,
];

/// Red, green and blue of a colour.
pub fn rgb(colour: Colour) -> (u8, u8, u8) {
    match colour {
        Colour::Rgb(red, green, blue) => (red, green, blue),
        Colour::Number(number) => {
            let value = PALETTE.get(usize::from(number)).copied().unwrap_or_default();
            let [_, red, green, blue] = value.to_be_bytes();
            (red, green, blue)
        }
    }
}

/// The number from 0 to 15 that comes nearest, which every client shows.
pub fn nearest16(colour: Colour) -> u8 {
    match colour {
        Colour::Number(number) if number < 16 => number,
        _ => nearest_below(colour, 16),
    }
}

/// The number from 0 to 98 that comes nearest.
pub(super) fn nearest(colour: Colour) -> u8 {
    match colour {
        Colour::Number(number) => number,
        Colour::Rgb(..) => nearest_below(colour, 99),
    }
}

fn nearest_below(colour: Colour, end: u8) -> u8 {
    let (red, green, blue) = rgb(colour);
    let distance = |number: &u8| {
        let (r, g, b) = rgb(Colour::Number(*number));
        let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        // The eye is keener on green than on red, and on red than on blue.
        3 * square(r, red) + 4 * square(g, green) + 2 * square(b, blue)
    };
    (0..end).min_by_key(distance).unwrap_or(1)
}
