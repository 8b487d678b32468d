//! Numbers for carry-less multiplication, derived from the CRC polynomial: written by
//! `cargo xtask constants`, explained in docs/checksums.md. Do not edit.

use crate::checksum::aligned::Aligned;

/// x^95 / P, rounded down: T times this, divided by x^63, is the quotient of T x^32 by P.
pub const QUOTIENT: u64 = 0xb4e5_b025_f701_1641;

/// (P - x^32) x^31: the quotient times this has the remainder in its third dword.
pub const POLYNOMIAL: u64 = 0x0000_0001_db71_0640;

/// x^1055 and x^991 modulo P: moves a chunk 128 bytes ahead.
pub const FOLD_128: [u64; 2] = [0x0000_0000_33ff_f533, 0x0000_0000_910e_eec1];

/// x^2079 and x^2015 modulo P: moves a chunk 256 bytes ahead.
pub const FOLD_256: [u64; 2] = [0x0000_0000_ce33_71cb, 0x0000_0000_e95c_1271];

/// x^3103 and x^3039 modulo P: moves a chunk 384 bytes ahead.
pub const FOLD_384: [u64; 2] = [0x0000_0000_2ce4_23f1, 0x0000_0000_d313_43ea];

/// Bit matrices, as GF2P8AFFINEQB takes them, that move 64-byte vectors 6 places ahead:
/// those at 0, 1, 3, 4 of one step to the same places of the next.
pub static MATRICES: [[u64; 4]; 4] = [
    [0x5ab1_67ce_29e3_426f, 0x0463_7357_9b6c_6d35, 0xded6_99b2_3af4_596d, 0x6f6a_54c6_e245_e142],
    [0x7431_bb76_a8cd_595b, 0xd842_c11e_62b0_2479, 0xb69f_60db_1a2e_c037, 0x2a11_385a_9e27_bd61],
    [0x6726_a54b_bebd_bad3, 0xe95d_92e4_c8f6_c4c7, 0xa7c1_822d_d480_c027, 0x66e4_e1a4_2e75_64e0],
    [0x7873_65cb_51e6_69ee, 0x821f_f8b5_8b6f_198d, 0xdda1_a263_3c5e_f92f, 0x98f7_c809_8b30_7ad2],
];

/// How many chunks [`WEIGHTS`] covers.
pub const WEIGHED: usize = 64;

/// x^(128 d + 95) and x^(128 d + 31) modulo P, for d = 63 down to 0: what a chunk followed
/// by d chunks adds to the CRC, before the last division.
pub static WEIGHTS: Aligned<[[u64; 2]; WEIGHED]> = Aligned([
    [0x0000_0000_bbf2_f6d6, 0x0000_0000_d8e4_8815],
    [0x0000_0000_f199_6890, 0x0000_0000_e5a8_7735],
    [0x0000_0000_9dbd_c100, 0x0000_0000_c3aa_ab5d],
    [0x0000_0000_357b_9517, 0x0000_0000_6614_cd66],
    [0x0000_0000_d8af_8e46, 0x0000_0000_c24a_8e7a],
    [0x0000_0000_688a_110e, 0x0000_0000_7736_b28e],
    [0x0000_0000_81b6_f443, 0x0000_0000_5a98_d365],
    [0x0000_0000_99cc_e860, 0x0000_0000_49d9_6241],
    [0x0000_0000_9a1b_53c8, 0x0000_0000_ee63_3f83],
    [0x0000_0000_5b7f_dd0a, 0x0000_0000_a85d_f11e],
    [0x0000_0000_d14b_cc9b, 0x0000_0000_3d1e_7612],
    [0x0000_0000_8744_1142, 0x0000_0000_926b_64ad],
    [0x0000_0000_00eb_a0c8, 0x0000_0000_1929_d2f3],
    [0x0000_0000_ef82_aa68, 0x0000_0000_acb5_3a61],
    [0x0000_0000_f700_3835, 0x0000_0000_77eb_5bcd],
    [0x0000_0000_9e70_b943, 0x0000_0000_1423_c53a],
    [0x0000_0000_1d67_08a0, 0x0000_0000_181a_0c74],
    [0x0000_0000_3edc_de65, 0x0000_0000_2818_95dd],
    [0x0000_0000_8e03_1a19, 0x0000_0000_4974_ce84],
    [0x0000_0000_3f9e_9356, 0x0000_0000_9fab_948c],
    [0x0000_0000_e95c_7216, 0x0000_0000_0b66_d57e],
    [0x0000_0000_7125_10f0, 0x0000_0000_b486_819b],
    [0x0000_0000_d811_0ff1, 0x0000_0000_6698_3f45],
    [0x0000_0000_b84f_fa9c, 0x0000_0000_fbca_503a],
    [0x0000_0000_c352_f6de, 0x0000_0000_3236_5dd3],
    [0x0000_0000_9d84_2b80, 0x0000_0000_e4b6_b4b3],
    [0x0000_0000_356d_209f, 0x0000_0000_6221_4063],
    [0x0000_0000_e057_5528, 0x0000_0000_b685_328b],
    [0x0000_0000_21aa_2b26, 0x0000_0000_5a64_13ee],
    [0x0000_0000_2586_d334, 0x0000_0000_351b_ab71],
    [0x0000_0000_db39_35ea, 0x0000_0000_c5c0_8777],
    [0x0000_0000_a55d_1514, 0x0000_0000_1072_db28],
    [0x0000_0000_0c30_f51d, 0x0000_0000_398e_2ff2],
    [0x0000_0000_1455_75d5, 0x0000_0000_c2dc_c467],
    [0x0000_0000_9ee6_2949, 0x0000_0000_9fb6_6bd3],
    [0x0000_0000_6d40_f445, 0x0000_0000_ad0d_2bb2],
    [0x0000_0000_cd66_9a40, 0x0000_0000_eff5_e99d],
    [0x0000_0000_f9d9_c7ee, 0x0000_0000_4b70_0aa8],
    [0x0000_0000_eea3_95c4, 0x0000_0000_8b8d_8645],
    [0x0000_0000_4470_ac44, 0x0000_0000_2ce4_23f1],
    [0x0000_0000_d313_43ea, 0x0000_0000_7eae_d122],
    [0x0000_0000_9b9b_dbd0, 0x0000_0000_c51b_93e3],
    [0x0000_0000_f183_c71b, 0x0000_0000_7627_8617],
    [0x0000_0000_1c63_267b, 0x0000_0000_0e9b_d5cc],
    [0x0000_0000_cec9_7417, 0x0000_0000_32b0_733c],
    [0x0000_0000_ff6f_2fc2, 0x0000_0000_2c53_8639],
    [0x0000_0000_71d5_4a59, 0x0000_0000_a749_e894],
    [0x0000_0000_b918_a347, 0x0000_0000_ce33_71cb],
    [0x0000_0000_e95c_1271, 0x0000_0000_0077_f00d],
    [0x0000_0000_1f0c_2cdd, 0x0000_0000_4a28_bd43],
    [0x0000_0000_fe80_7bbd, 0x0000_0000_682b_dd4f],
    [0x0000_0000_3c65_6ced, 0x0000_0000_596c_8d81],
    [0x0000_0000_f5e4_8c85, 0x0000_0000_5a1b_b05d],
    [0x0000_0000_d1df_2327, 0x0000_0000_e354_3be0],
    [0x0000_0000_9026_d5b1, 0x0000_0000_26b7_0c3d],
    [0x0000_0000_3f41_287a, 0x0000_0000_33ff_f533],
    [0x0000_0000_910e_eec1, 0x0000_0000_31f8_303f],
    [0x0000_0000_0cbe_c0ed, 0x0000_0000_df06_8dc2],
    [0x0000_0000_57c5_4819, 0x0000_0000_1c27_9815],
    [0x0000_0000_ae0b_5394, 0x0000_0000_8f35_2d95],
    [0x0000_0000_1d95_13d7, 0x0000_0000_3db1_ecdc],
    [0x0000_0000_af44_9247, 0x0000_0000_f1da_05aa],
    [0x0000_0000_8125_6527, 0x0000_0000_ae68_9191],
    [0x0000_0000_ccaa_009e, 0x0000_0000_0000_0001],
]);
