//! The rules for arguments and options.

use napi::bindgen_prelude::{
    FromNapiValue, JsObjectValue, KeyCollectionMode, KeyConversion, KeyFilter, Object, ToNapiValue, Unknown,
};
use napi::{Env, JsValue, ValueType};

use super::buffer::Bytes;
use super::error::{BadArgument, Error, Result};
use super::function::{Returned, Values, object};
use super::values::{builtin_type, describe, equals, quote, read_utf16, utf16_length};
use crate::cache::{ImageId, Limits};
use crate::convert::{Ootf, Rendering, Sample};
use crate::curves::{HlgDisplay, Transfer};

const TRANSFERS: [(&str, Transfer); 2] = [("pq", Transfer::Pq), ("hlg", Transfer::Hlg)];
const OOTFS: [(&str, Ootf); 2] = [("per-channel", Ootf::PerChannel), ("luminance", Ootf::Luminance)];
const CACHE_OPTIONS: [&str; 4] = ["maxEntries", "maxBytes", "ootf", "peakLuminance"];
const CONVERT_OPTIONS: [&str; 2] = ["ootf", "peakLuminance"];

/// The limits of a cache, as given, and how it converts.
pub struct CacheOptions {
    /// `INFINITY` for no limit.
    pub max_entries: f64,
    pub max_bytes: f64,
    pub rendering: Rendering,
}

/// Validates the arguments of one call. Errors name the function.
#[derive(Clone, Copy)]
pub struct Arguments {
    /// Its JavaScript name.
    pub function: &'static str,
}

impl Arguments {
    /// Undefined or null, a number of entries, or options.
    pub fn cache_options(&self, limits: Unknown) -> Result<CacheOptions> {
        let default = Limits::default();
        let (default_entries, [max_entries, max_bytes, ootf, peak_luminance]) = match limits.get_type()? {
            ValueType::Undefined | ValueType::Null => (default.max_entries as f64, [None; 4]),
            ValueType::Number => (f64::INFINITY, [Some(limits), None, None, None]),
            _ => {
                let expected = "a number or an options object";
                (f64::INFINITY, self.options("limits", expected, limits, CACHE_OPTIONS)?)
            }
        };
        Ok(CacheOptions {
            max_entries: self.limit("maxEntries", max_entries, default_entries)?,
            max_bytes: self.limit("maxBytes", max_bytes, default.max_bytes as f64)?,
            rendering: self.rendering(ootf, peak_luminance)?,
        })
    }

    /// Undefined or null, or options.
    pub fn convert_options(&self, options: Unknown) -> Result<Rendering> {
        if matches!(options.get_type()?, ValueType::Undefined | ValueType::Null) {
            return Ok(Rendering::default());
        }
        let [ootf, peak_luminance] =
            self.options("options", "an options object", options, CONVERT_OPTIONS)?;
        self.rendering(ootf, peak_luminance)
    }

    /// A string, read as UTF-16 into `buffer`, which grows if needed.
    pub fn image_id<'id>(&self, value: Unknown, buffer: &'id mut Vec<u16>) -> Result<ImageId<'id>> {
        let reject = || self.reject(Error::InvalidArgType, "imageId", "a string", describe(value));
        read_utf16(value, buffer).ok_or_else(reject)?;
        // Room for a NUL and one unit more tell a whole id from one that was cut off.
        if buffer.len() + 1 >= buffer.capacity() {
            let length = utf16_length(value).ok_or_else(reject)?;
            buffer.clear();
            if buffer.try_reserve_exact(length + 2).is_err() {
                return Err(self.out_of_memory("the imageId", length * size_of::<u16>()));
            }
            read_utf16(value, buffer).ok_or_else(reject)?;
        }
        // The unit for the target.
        buffer.push(0);
        Ok(ImageId::new(buffer))
    }

    /// The transfer functions of two arguments with these names.
    ///
    /// `api.js` passes their indices in [`transfer_names`] as one number, which is faster to read than
    /// strings: that of `from` times the number of names, plus that of `to`. If one of them is invalid, it
    /// passes an array of both.
    pub fn transfers(&self, names: [&'static str; 2], value: Unknown) -> Result<[Transfer; 2]> {
        // Deno also converts arrays to numbers.
        if value.get_type()? == ValueType::Number {
            // SAFETY: the value is a number.
            let both = unsafe { u32::from_napi_value(value.value().env, value.raw()) }? as usize;
            let count = TRANSFERS.len();
            return Ok([both / count, both % count].map(|index| TRANSFERS[index].1));
        }
        // SAFETY: the value is an array.
        let values: Object = unsafe { value.cast() }?;
        let [from, to] = names;
        Ok([
            self.one_of(Error::InvalidArgValue, from, values.get_element(0)?, &TRANSFERS)?,
            self.one_of(Error::InvalidArgValue, to, values.get_element(1)?, &TRANSFERS)?,
        ])
    }

    /// An image: a `Buffer` or `Uint8Array` of whole samples or, where the OOTF requires it, whole pixels.
    pub fn image<'call>(
        &self,
        argument: &'static str,
        value: Unknown<'call>,
        ootf: Ootf,
    ) -> Result<Bytes<'call>> {
        let Some(bytes) = Bytes::of(value) else {
            let mut received = describe(value);
            received += match &*received {
                "a Uint16Array" => "; pass Buffer.from(a.buffer, a.byteOffset, a.byteLength)",
                name if name.ends_with("Array") => "; samples have 16 bits",
                _ => "",
            };
            let expected = "a Buffer or Uint8Array";
            return Err(self.reject(Error::InvalidArgType, argument, expected, received));
        };
        if bytes.is_detached() {
            let expected = "a Buffer whose ArrayBuffer is not detached";
            return Err(self.reject(Error::InvalidArgValue, argument, expected, "a detached one"));
        }
        if !bytes.byte_length.is_multiple_of(ootf.samples() * size_of::<Sample>()) {
            let expected = match ootf {
                Ootf::PerChannel => "of even byteLength (16-bit samples)",
                Ootf::Luminance => "of a byteLength that is a multiple of 6 (whole pixels)",
            };
            let received = format!("byteLength {}", bytes.byte_length);
            return Err(self.reject(Error::OutOfRange, argument, expected, received));
        }
        Ok(bytes)
    }

    /// The error that an allocation failed.
    pub fn out_of_memory(&self, wanted: &'static str, byte_length: usize) -> Error {
        Error::OutOfMemory { function: self.function, wanted, byte_length }
    }

    /// The values of options, `None` if they are undefined or null, which stand for the default. `value` must
    /// be an object that may have options: not an array, a Buffer, or another built-in type.
    fn options<'call, const N: usize>(
        &self,
        argument: &'static str,
        expected: &'static str,
        value: Unknown<'call>,
        names: [&'static str; N],
    ) -> Result<[Option<Unknown<'call>>; N]> {
        if value.get_type()? != ValueType::Object || builtin_type(value).is_some() {
            return Err(self.reject(Error::InvalidArgType, argument, expected, describe(value)));
        }
        // SAFETY: the value is an object.
        let options: Object = unsafe { value.cast() }?;
        let mut values = [None; N];
        for (value, name) in values.iter_mut().zip(names) {
            let given: Unknown = options.get_named_property_unchecked(name)?;
            *value = (!matches!(given.get_type()?, ValueType::Undefined | ValueType::Null)).then_some(given);
        }
        self.reject_unknown_options(options, &names)?;
        Ok(values)
    }

    /// Rejects own enumerable properties with another name, unless undefined. Symbols are ignored.
    fn reject_unknown_options(&self, options: Object, names: &[&str]) -> Result<()> {
        let keys = options.get_all_property_names(
            KeyCollectionMode::OwnOnly,
            KeyFilter::Enumerable,
            KeyConversion::NumbersToStrings,
        )?;
        for at in 0..keys.get_array_length_unchecked()? {
            let key: Unknown = keys.get_element(at)?;
            let is_known = key.get_type()? == ValueType::Symbol || names.iter().any(|name| equals(key, name));
            if !is_known && options.get_property::<_, Unknown>(key)?.get_type()? != ValueType::Undefined {
                let what = format!("option {}; options are {}", quote(key), names.join(", "));
                return Err(Error::Unknown { function: self.function.to_owned(), what });
            }
        }
        Ok(())
    }

    fn rendering(&self, ootf: Option<Unknown>, peak_luminance: Option<Unknown>) -> Result<Rendering> {
        let mut rendering = Rendering::default();
        if let Some(value) = ootf {
            rendering.ootf = self.one_of(Error::InvalidArgType, "ootf", value, &OOTFS)?;
        }
        if let Some(value) = peak_luminance {
            let expected = "a number from 1 to 10000 (cd/m²)";
            rendering.display = self.number("peakLuminance", expected, value, HlgDisplay::new)?;
        }
        Ok(rendering)
    }

    fn limit(&self, argument: &'static str, value: Option<Unknown>, default: f64) -> Result<f64> {
        let Some(value) = value else { return Ok(default) };
        // The fraction of an infinite number is NaN. −0 is 0.
        let check = |number: f64| (number >= 0.0 && number.fract() == 0.0).then_some(number.abs());
        self.number(argument, "a non-negative integer", value, check)
    }

    /// A number for which `check` has a result.
    fn number<T>(
        &self,
        argument: &'static str,
        expected: &'static str,
        value: Unknown,
        check: impl FnOnce(f64) -> Option<T>,
    ) -> Result<T> {
        if value.get_type()? != ValueType::Number {
            return Err(self.reject(Error::InvalidArgType, argument, expected, describe(value)));
        }
        // SAFETY: the value is a number.
        let number = unsafe { f64::from_napi_value(value.value().env, value.raw()) }?;
        check(number).ok_or_else(|| self.reject(Error::OutOfRange, argument, expected, describe(value)))
    }

    /// One of the named variants. `not_a_string` is the error for other types.
    fn one_of<T: Copy>(
        &self,
        not_a_string: fn(BadArgument) -> Error,
        argument: &'static str,
        value: Unknown,
        variants: &[(&str, T)],
    ) -> Result<T> {
        if let Some((_, variant)) = variants.iter().find(|(name, _)| equals(value, name)) {
            return Ok(*variant);
        }
        let is_string = value.get_type()? == ValueType::String;
        let error = if is_string { Error::InvalidArgValue } else { not_a_string };
        let names: Vec<String> = variants.iter().map(|(name, _)| format!("{name:?}")).collect();
        Err(self.reject(error, argument, names.join(" or "), describe(value)))
    }

    /// The error that an argument is not what is expected.
    pub fn reject(
        &self,
        error: fn(BadArgument) -> Error,
        argument: &'static str,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Error {
        let (expected, received) = (expected.into(), received.into());
        error(BadArgument { function: self.function, argument, expected, received })
    }
}

/// The names of the transfer functions, in the order of their indices, as those of properties.
pub fn transfer_names(env: &Env) -> napi::Result<Unknown<'_>> {
    object(env, TRANSFERS.map(|(name, _)| (name, ())))?.into_unknown(env)
}

/// `rejectArgument(function, what)`: throws because of an argument that does not exist.
pub fn reject_argument<'call>(env: &'call Env, [function, what]: Values<'call, 2>) -> Returned<'call> {
    // SAFETY: a value that is not a string is an error.
    let string = |value: Unknown| unsafe { String::from_napi_value(env.raw(), value.raw()) };
    Err(Error::Unknown { function: string(function)?, what: string(what)? })
}
