//! Reads a report as a customer does.

/// One line of a report, without its time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "each is named for its column")]
pub struct Row {
    pub file: String,
    pub status: String,
    pub code: String,
    pub key: String,
    pub md5: String,
    pub bytes: String,
    pub content_type: String,
}

impl Row {
    /// Whether it is of something that did not come through.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.status != "200" && self.status != "103"
    }
}

/// What is wrong with the number of errors that a job has.
#[must_use]
pub fn check_errors(rows: &[Row], errors: u64) -> Option<String> {
    let told = rows.iter().filter(|row| row.is_error()).count() as u64;
    (told != errors).then(|| format!("the job has {errors} errors, the report {told}"))
}

/// Reads a report (RFC 4180).
///
/// # Errors
/// What is wrong with it.
pub fn parse(text: &str) -> Result<Vec<Row>, String> {
    let mut lines = records(text)?.into_iter();
    let header = lines.next().unwrap_or_default();
    let column = |name: &str| {
        let found = header.iter().position(|column| column == name);
        found.ok_or_else(|| format!("the report has no column {name}: {header:?}"))
    };
    let columns = [
        "File",
        "Status",
        "Code",
        "Key",
        "MD5",
        "Bytes",
        "Content-Type",
    ];
    let [file, status, code, key, md5, bytes, kind] = columns.map(column);
    let at = (file?, status?, code?, key?, md5?, bytes?, kind?);
    lines
        .map(|fields| {
            if fields.len() != header.len() {
                return Err(format!("a line of another length: {fields:?}"));
            }
            Ok(Row {
                file: fields[at.0].clone(),
                status: fields[at.1].clone(),
                code: fields[at.2].clone(),
                key: fields[at.3].clone(),
                md5: fields[at.4].clone(),
                bytes: fields[at.5].clone(),
                content_type: fields[at.6].clone(),
            })
        })
        .collect()
}

fn records(text: &str) -> Result<Vec<Vec<String>>, String> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => record.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            other => field.push(other),
        }
    }
    if record.is_empty() && field.is_empty() && !is_quoted {
        Ok(records)
    } else {
        Err("the report ends in the middle of a line".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_are_read_whole() {
        let text = "DateTime,File,Status,Code,Key,MD5,Bytes,Content-Type\n\
                    now,\"a,\"\"b\"\"\nc\",200,OK,k,m,1,t\n";
        let rows = parse(text).unwrap();
        assert_eq!(rows[0].file, "a,\"b\"\nc");
        assert_eq!((rows.len(), rows[0].content_type.as_str()), (1, "t"));
        assert!(parse("a,b\nc").is_err());
    }
}
