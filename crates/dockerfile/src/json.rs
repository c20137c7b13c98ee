//! The JSON form of an instruction's arguments: `["a", "b"]`.
//!
//! Only what the form needs: is the text a JSON array at all, and if so, which strings does
//! it hold. It follows Go's `encoding/json`, because text that Go's decoder refuses is not
//! an error but the shell form.

/// What a text is as far as the JSON form is concerned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum JsonForm {
    /// Not a JSON array: the text is in shell form.
    No,
    /// A JSON array with an element that is not a string, which BuildKit refuses.
    NotStrings,
    Strings(Vec<String>),
}

/// Go's limit of nested values.
const DEEPEST: usize = 10_000;

pub(crate) fn parse_json_form(text: &str) -> JsonForm {
    let text = text.trim_start();
    if !text.starts_with('[') {
        return JsonForm::No;
    }
    Scanner { text, at: 1 }.array().unwrap_or(JsonForm::No)
}

/// The string that a JSON object has under a name: of several, the last one.
pub(crate) fn object_string(text: &str, name: &str) -> Option<String> {
    let text = text.trim_start_matches([' ', '\t', '\r', '\n']);
    if !text.starts_with('{') {
        return None;
    }
    Scanner { text, at: 1 }.member(name)?
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl Scanner<'_> {
    /// The rest of an array whose bracket has been read, and nothing after it.
    fn array(&mut self) -> Option<JsonForm> {
        let mut strings = Vec::new();
        let mut only_strings = true;
        if self.peek() == Some(b']') {
            self.at += 1;
        } else {
            loop {
                if self.peek() == Some(b'"') {
                    strings.push(self.string()?);
                } else {
                    only_strings = false;
                    self.skip_value()?;
                }
                match self.token()? {
                    b',' => {}
                    b']' => break,
                    _ => return None,
                }
            }
        }
        match self.peek() {
            Some(_) => None,
            None if only_strings => Some(JsonForm::Strings(strings)),
            None => Some(JsonForm::NotStrings),
        }
    }

    /// The rest of an object whose brace has been read, and nothing after it.
    fn member(&mut self, wanted: &str) -> Option<Option<String>> {
        let mut found = None;
        if self.peek()? == b'}' {
            self.at += 1;
        } else {
            loop {
                let is_wanted = self.key()? == wanted;
                let value = match self.peek()? {
                    b'"' => Some(self.string()?),
                    _ => self.skip_value().map(|()| None)?,
                };
                if is_wanted {
                    found = value;
                }
                match self.token()? {
                    b',' => {}
                    b'}' => break,
                    _ => return None,
                }
            }
        }
        self.peek().is_none().then_some(found)
    }

    /// Any value, without recursion: the stack holds the open brackets.
    fn skip_value(&mut self) -> Option<()> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek()? {
                b'"' => drop(self.string()?),
                bracket @ (b'[' | b'{') => {
                    self.at += 1;
                    // The outermost array isn't on the stack.
                    if open.len() + 2 > DEEPEST {
                        return None;
                    }
                    open.push(bracket);
                    if self.peek()? != closing(bracket) {
                        if bracket == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'-' | b'0'..=b'9' => self.number()?,
                _ => self.literal()?,
            }
            if !self.close_or_advance(&mut open)? {
                return Some(());
            }
        }
    }

    /// After a value: closes what ends here. True where another value follows.
    fn close_or_advance(&mut self, open: &mut Vec<u8>) -> Option<bool> {
        while let Some(&bracket) = open.last() {
            match self.token()? {
                b',' => {
                    if bracket == b'{' {
                        self.key()?;
                    }
                    return Some(true);
                }
                token if token == closing(bracket) => {
                    open.pop();
                }
                _ => return None,
            }
        }
        Some(false)
    }

    fn key(&mut self) -> Option<String> {
        if self.peek()? != b'"' {
            return None;
        }
        let key = self.string()?;
        (self.token()? == b':').then_some(key)
    }

    fn literal(&mut self) -> Option<()> {
        let rest = &self.text[self.at..];
        let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word))?;
        self.at += word.len();
        Some(())
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        self.eat(b"-");
        if !self.eat(b"0") {
            self.digits()?;
        }
        if self.eat(b".") {
            self.digits()?;
        }
        if self.eat(b"eE") {
            self.eat(b"+-");
            self.digits()?;
        }
        // Go decodes into a float64 and refuses what doesn't fit.
        let value: f64 = self.text[start..self.at].parse().ok()?;
        value.is_finite().then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.eat(b"0123456789") {}
        (self.at > start).then_some(())
    }

    fn eat(&mut self, any: &[u8]) -> bool {
        let found = self.text.as_bytes().get(self.at).is_some_and(|byte| any.contains(byte));
        self.at += usize::from(found);
        found
    }

    /// The next byte that is no white space, without taking it.
    fn peek(&mut self) -> Option<u8> {
        while self.eat(b" \t\r\n") {}
        self.text.as_bytes().get(self.at).copied()
    }

    fn token(&mut self) -> Option<u8> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    /// A string whose quote is next.
    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.find(|c: char| c == '"' || c == '\\' || c < ' ')?;
            value.push_str(&rest[..plain]);
            self.at += plain + 1;
            match rest.as_bytes()[plain] {
                b'"' => return Some(value),
                b'\\' => value.push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let code = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(match code {
            b'"' | b'\\' | b'/' => char::from(code),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return None,
        })
    }

    /// After `\u`: a lone surrogate becomes the replacement character.
    fn unicode(&mut self) -> Option<char> {
        let high = self.hex4()?;
        if !(0xd800..0xdc00).contains(&high) {
            return Some(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let after_high = self.at;
        if self.text[self.at..].starts_with("\\u") {
            self.at += 2;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                return char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
            }
            self.at = after_high;
        }
        Some(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }
}

fn closing(bracket: u8) -> u8 {
    if bracket == b'[' { b']' } else { b'}' }
}

#[cfg(test)]
mod tests;
