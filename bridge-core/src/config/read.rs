//! From a [`Node`] to a typed value, so that every error names its key and line.
//!
//! Unknown keys of structs are refused whether or not the struct asks for it, and a field of type
//! [`Secret`](super::Secret) may also be given as a file.

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
        VariantAccess, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};

use super::{
    context::Context,
    fault::{Fault, hint, join},
    node::{Entry, Node, Origin, Value},
    secret::SECRET,
};

/// Reads one value.
pub(super) struct Reader<'a> {
    pub(super) node: &'a Node,
    /// Where the value's key was written.
    pub(super) anchor: &'a Origin,
    /// The path of the value's key.
    pub(super) key: String,
    pub(super) context: &'a Context,
    pub(super) form: Form,
}

/// How the value is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As it stands.
    Inline,
    /// By the name of a file that holds it.
    File,
}

impl<'a> Reader<'a> {
    /// Reads the value of an entry whose key has this path.
    pub(super) fn of(entry: &'a Entry, key: String, context: &'a Context) -> Self {
        Self { node: &entry.node, anchor: &entry.origin, key, context, form: Form::Inline }
    }

    /// Where to point for the value: an empty one stands nowhere, so its key it is.
    fn place(&self) -> &'a Origin {
        match self.node.value {
            Value::Null => self.anchor,
            _ => &self.node.origin,
        }
    }

    fn secret<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        let Value::Text(text) = &self.node.value else {
            return Err(Fault::new(
                "this must be a text",
                "put the value in quotes, or name a file that holds it",
            ));
        };
        if self.form == Form::Inline {
            self.context.secret(&self.key);
            return visitor.visit_str(text);
        }
        let path = self.context.folder().join(text);
        let secret = std::fs::read_to_string(&path).map_err(|error| {
            Fault::new(
                format!("cannot read the file {}: {error}", path.display()),
                "make the file, readable for the bridge, with the secret in it",
            )
        })?;
        match secret.trim_end() {
            "" => Err(Fault::new(
                format!("the file {} is empty", path.display()),
                "put the secret into it",
            )),
            secret => visitor.visit_str(secret),
        }
    }

    fn any<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Fault> {
        if self.form == Form::File {
            return Err(Fault::new("unknown key", "only a secret can be given as a file"));
        }
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => visitor.visit_i64(*value),
            Value::Uint(value) => visitor.visit_u64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(value) => visitor.visit_str(value),
            Value::List(items) => visitor.visit_seq(Items { reader: self, nodes: items, next: 0 }),
            Value::Map(entries) => {
                let entries = entries.iter().map(|entry| (entry, Form::Inline)).collect();
                visitor.visit_map(Fields { reader: self, entries, next: 0 })
            }
        }
    }

    /// The entries of a map that is to become a struct; what is wrong with its keys is reported.
    fn fields<'e>(&self, entries: &'e [Entry], known: &[&str]) -> Vec<(&'e Entry, Form)> {
        let given = |key: &str| entries.iter().any(|entry| entry.key == key);
        let mut fields = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = entry.key.as_str();
            if known.contains(&key) {
                fields.push((entry, Form::Inline));
                continue;
            }
            match key.strip_suffix("_file").filter(|base| known.contains(base)) {
                Some(base) if given(base) => self.context.report(
                    &entry.origin,
                    join(&self.key, key),
                    format!("both `{base}` and `{key}` are given"),
                    "remove one of them",
                ),
                Some(_) => fields.push((entry, Form::File)),
                None => self.context.report(
                    &entry.origin,
                    join(&self.key, key),
                    "unknown key",
                    hint(key, known),
                ),
            }
        }
        fields
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.any(visitor).map_err(|fault| fault.at(&self.key, self.place()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if name == SECRET {
            return self.secret(visitor).map_err(|fault| fault.at(&self.key, self.place()));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let entries: &[Entry] = match &self.node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            _ => return self.deserialize_any(visitor),
        };
        let entries = self.fields(entries, known);
        visitor
            .visit_map(Fields { reader: &self, entries, next: 0 })
            .map_err(|fault| fault.at(&self.key, self.anchor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let result = match &self.node.value {
            Value::Text(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Value::Map(entries) if entries.len() == 1 => {
                visitor.visit_enum(Variant { reader: &self, entry: &entries[0] })
            }
            _ => Err(Fault::new(
                format!("{} does not fit here", self.node.describe()),
                "give a name, or a map with one key",
            )),
        };
        result.map_err(|fault| fault.at(&self.key, self.place()))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier
    }
}

/// The items of a list.
struct Items<'a> {
    reader: &'a Reader<'a>,
    nodes: &'a [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(node) = self.nodes.get(self.next) else { return Ok(None) };
        let key = format!("{}[{}]", self.reader.key, self.next);
        self.next += 1;
        let context = self.reader.context;
        let item = Reader { node, anchor: &node.origin, key, context, form: Form::Inline };
        seed.deserialize(item).map(Some)
    }
}

/// The entries of a map.
struct Fields<'a> {
    reader: &'a Reader<'a>,
    entries: Vec<(&'a Entry, Form)>,
    next: usize,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((entry, form)) = self.entries.get(self.next) else { return Ok(None) };
        let name = match form {
            Form::Inline => entry.key.as_str(),
            Form::File => entry.key.strip_suffix("_file").unwrap_or(&entry.key),
        };
        let deserializer: StrDeserializer<'_, Fault> = name.into_deserializer();
        seed.deserialize(deserializer)
            .map(Some)
            .map_err(|fault| fault.at(&join(&self.reader.key, &entry.key), &entry.origin))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some((entry, form)) = self.entries.get(self.next) else {
            return Err(Fault::custom("a value without a key"));
        };
        self.next += 1;
        let key = join(&self.reader.key, &entry.key);
        let mut reader = Reader::of(entry, key.clone(), self.reader.context);
        reader.form = *form;
        let place = reader.place();
        seed.deserialize(reader).map_err(|fault| fault.at(&key, place))
    }
}

/// A variant of an enum with its content: `name: content`.
struct Variant<'a> {
    reader: &'a Reader<'a>,
    entry: &'a Entry,
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Fault;
    type Variant = Reader<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Reader<'a>), Fault> {
        let deserializer: StrDeserializer<'_, Fault> = self.entry.key.as_str().into_deserializer();
        let value = seed.deserialize(deserializer)?;
        let key = join(&self.reader.key, &self.entry.key);
        Ok((value, Reader::of(self.entry, key, self.reader.context)))
    }
}

impl<'de> VariantAccess<'de> for Reader<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_struct("", fields, visitor)
    }
}

/// Where to point for an entry's value: an empty value stands nowhere, so its key it is.
pub(super) fn value_origin(entry: &Entry) -> &Origin {
    match entry.node.value {
        Value::Null => &entry.origin,
        _ => &entry.node.origin,
    }
}
