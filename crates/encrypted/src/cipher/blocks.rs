//! Ciphers of blocks of 16 bytes, whichever they are.

use aes::{Aes128, Aes192, Aes256};
use camellia::{Camellia128, Camellia192, Camellia256};
use cipher::array::Array;
use cipher::consts::U16;
use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use kuznyechik::Kuznyechik;
use serpent::Serpent;
use twofish::Twofish;

use super::{Algorithm, BadKey};

/// A cipher with its key. What is no whole block stays as it is.
pub(super) trait Cipher: Send + Sync {
    /// Encrypts whole blocks.
    fn encrypt(&self, data: &mut [u8]);

    /// Deciphers whole blocks.
    fn decrypt(&self, data: &mut [u8]);
}

impl<C> Cipher for C
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + BlockSizeUser<BlockSize = U16> + Send + Sync,
{
    fn encrypt(&self, data: &mut [u8]) {
        let (blocks, _) = Array::slice_as_chunks_mut(data);
        self.encrypt_blocks(blocks);
    }

    fn decrypt(&self, data: &mut [u8]) {
        let (blocks, _) = Array::slice_as_chunks_mut(data);
        self.decrypt_blocks(blocks);
    }
}

fn keyed<C: Cipher + KeyInit + 'static>(key: &[u8]) -> Result<Box<dyn Cipher>, BadKey> {
    Ok(Box::new(C::new_from_slice(key).map_err(|_| BadKey)?))
}

/// A cipher with a key.
pub(super) fn cipher(algorithm: Algorithm, key: &[u8]) -> Result<Box<dyn Cipher>, BadKey> {
    match (algorithm, key.len()) {
        (Algorithm::Aes, 16) => keyed::<Aes128>(key),
        (Algorithm::Aes, 24) => keyed::<Aes192>(key),
        (Algorithm::Aes, 32) => keyed::<Aes256>(key),
        (Algorithm::Camellia, 16) => keyed::<Camellia128>(key),
        (Algorithm::Camellia, 24) => keyed::<Camellia192>(key),
        (Algorithm::Camellia, 32) => keyed::<Camellia256>(key),
        (Algorithm::Serpent, 16 | 24 | 32) => keyed::<Serpent>(key),
        (Algorithm::Twofish, 16 | 24 | 32) => keyed::<Twofish>(key),
        (Algorithm::Kuznyechik, 32) => keyed::<Kuznyechik>(key),
        (
            Algorithm::Aes
            | Algorithm::Camellia
            | Algorithm::Serpent
            | Algorithm::Twofish
            | Algorithm::Kuznyechik,
            _,
        ) => Err(BadKey),
    }
}

/// Adds `other` to `data`, bit by bit.
pub(super) fn xor(data: &mut [u8], other: &[u8]) {
    for (byte, other) in data.iter_mut().zip(other) {
        *byte ^= other;
    }
}
