//! From text to an expression, by the grammar of the module's page.
//!
//! Words between operators: a literal is a run of characters other than white
//! space and `()[],'"&|!=<>~`; anything else stands in single or double quotes,
//! without escapes. A pattern without quotes goes on to white space or a
//! closing bracket that it did not open. After a subject and an operator there
//! is no way back: what follows is an error where it stands.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use regex::bytes::{Regex, RegexBuilder};
use winnow::combinator::{alt, delimited, eof, opt, peek, preceded, separated};
use winnow::error::ParserError;
use winnow::stream::{LocatingSlice, Location, Stateful, Stream};
use winnow::token::{any, literal, one_of, take_till, take_while};
use winnow::{Parser, Result};

use super::ast::{Expression, Node, Read, Relation, Subject, Test};
use super::error::{ExpressionError, Fault};
use super::value::{Version, unix_seconds, whole_number};
use super::{MAX_DEPTH, MAX_EXPRESSION};
use crate::placement::view::is_attribute_name;

/// The text with the position in it, and how deep the parser is.
type Input<'a> = Stateful<LocatingSlice<&'a str>, u32>;

/// The most memory that one pattern takes, in bytes.
const MAX_PATTERN_SIZE: usize = 256 << 10;

const EQUALITY: &str = "`==`, `!=`, `in`, `!in`, `=~` and `!~`";
const ORDER: &str = "`==`, `!=`, `>`, `>=`, `<` and `<=`";

impl Expression {
    /// Reads an expression of the cluster query language. O(text).
    ///
    /// Each subject takes the operators that the Developer Guide lists for it.
    /// Patterns are Java's only as far as the `regex` crate understands them:
    /// no look-around and no back-references; classes like `\d` are ASCII, as
    /// in Java; case is folded by `(?i)`.
    ///
    /// # Errors
    ///
    /// [`ExpressionError`] names the position and what is wrong there.
    pub fn parse(text: &str) -> core::result::Result<Self, ExpressionError> {
        let characters = text.chars().count();
        if characters > MAX_EXPRESSION {
            return Err(ExpressionError {
                at: MAX_EXPRESSION,
                fault: Fault::TooLong { characters },
            });
        }
        let mut input = Stateful { input: LocatingSlice::new(text), state: 0 };
        let end = preceded(spaces, eof).map_err_to(Fault::Expected("`and`, `or` or the end"));
        let root = (expression, end).map(|(root, _)| root).parse_next(&mut input);
        let root = root.map_err(|failure| failure.in_characters_of(text))?;
        let asks_for_tasks = root.asks_for_tasks();
        Ok(Self { read: Arc::new(Read { text: text.into(), root, asks_for_tasks }) })
    }
}

/// Why a parser did not go on; `at` in bytes.
#[derive(Debug)]
struct Failure {
    at: usize,
    fault: Fault,
    /// Whether no other reading may be tried.
    is_final: bool,
}

impl Failure {
    fn in_characters_of(self, text: &str) -> ExpressionError {
        let before = text.get(..self.at).unwrap_or(text);
        ExpressionError { at: before.chars().count(), fault: self.fault }
    }
}

impl<'a> ParserError<Input<'a>> for Failure {
    type Inner = Self;

    fn from_input(input: &Input<'a>) -> Self {
        let fault = Fault::Expected("something else");
        Self { at: input.current_token_start(), fault, is_final: false }
    }

    /// The reading that came further says what is wrong.
    fn or(self, other: Self) -> Self {
        if self.at > other.at { self } else { other }
    }

    fn is_backtrack(&self) -> bool {
        !self.is_final
    }

    fn into_inner(self) -> core::result::Result<Self::Inner, Self> {
        Ok(self)
    }
}

type Parsed<T> = Result<T, Failure>;

/// Says what a parser expects.
trait Expecting<'a, T>: Parser<Input<'a>, T, Failure> + Sized {
    /// Fails with `fault` where the parser fails at its first character.
    fn map_err_to(mut self, fault: Fault) -> impl Parser<Input<'a>, T, Failure> {
        move |input: &mut Input<'a>| {
            self.parse_next(input).map_err(|failure| {
                if failure.is_final { failure } else { Failure { fault, ..failure } }
            })
        }
    }

    /// Fails with `fault` at the parser's first character; no other reading is tried.
    fn or_fail_whole(mut self, fault: Fault) -> impl Parser<Input<'a>, T, Failure> {
        move |input: &mut Input<'a>| {
            let at = input.current_token_start();
            self.parse_next(input).map_err(|_| Failure { at, fault, is_final: true })
        }
    }

    /// Fails with `fault` where the parser stops; no other reading is tried.
    fn or_fail(mut self, fault: Fault) -> impl Parser<Input<'a>, T, Failure> {
        move |input: &mut Input<'a>| {
            self.parse_next(input).map_err(|failure| {
                if failure.is_final {
                    failure
                } else {
                    Failure { fault, is_final: true, ..failure }
                }
            })
        }
    }
}

impl<'a, T, P: Parser<Input<'a>, T, Failure>> Expecting<'a, T> for P {}

/// No other reading is tried than that which fails here.
fn fail<T>(at: usize, fault: Fault) -> Parsed<T> {
    Err(Failure { at, fault, is_final: true })
}

fn spaces(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., char::is_whitespace).void().parse_next(input)
}

/// An operator in letters: no letter may follow it.
fn word<'a>(text: &'static str) -> impl Parser<Input<'a>, (), Failure> {
    let after = alt((eof.void(), peek(any.verify(|c: &char| !is_word(*c))).void()));
    (literal(text), after).void()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.')
}

fn expression(input: &mut Input<'_>) -> Parsed<Node> {
    let or = preceded(spaces, alt((literal("||").void(), word("or"))));
    separated(1.., conjunction, or).map(|parts| joined(parts, Node::Or)).parse_next(input)
}

fn conjunction(input: &mut Input<'_>) -> Parsed<Node> {
    let and = preceded(spaces, alt((literal("&&").void(), word("and"))));
    separated(1.., unary, and).map(|parts| joined(parts, Node::And)).parse_next(input)
}

fn joined(mut parts: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            join(parts)
        }
    }
}

fn unary(input: &mut Input<'_>) -> Parsed<Node> {
    spaces(input)?;
    let at = input.current_token_start();
    let not = opt(alt((literal("!").void(), word("not")))).parse_next(input)?.is_some();
    let open = !not && opt(literal("(")).parse_next(input)?.is_some();
    if !not && !open {
        return test(input);
    }
    if input.state == MAX_DEPTH {
        return fail(at, Fault::TooDeep);
    }
    input.state += 1;
    let node = if not {
        unary.map(|part| Node::Not(Box::new(part))).parse_next(input)?
    } else {
        let close = preceded(spaces, literal(")"));
        let close = close.or_fail(Fault::Expected("`and`, `or` or `)`"));
        (expression, close).map(|(part, _)| part).parse_next(input)?
    };
    input.state -= 1;
    Ok(node)
}

/// What operators do, before they meet their argument.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    Relation(Relation),
    Exists,
    In,
    Matches,
}

fn test(input: &mut Input<'_>) -> Parsed<Node> {
    let at = input.current_token_start();
    let subject = subject(input)?;
    spaces(input)?;
    let operator_at = input.current_token_start();
    let (operator, negated) =
        operator.or_fail_whole(Fault::Expected("an operator")).parse_next(input)?;
    if let Some(fault) = mismatch(&subject, operator) {
        return fail(operator_at, fault);
    }
    if let Subject::Attribute(name) = &subject
        && !is_attribute_name(name)
    {
        return fail(at + "attribute:".len(), Fault::AttributeName);
    }
    let test = if operator == Operator::Exists {
        Test::Exists
    } else {
        spaces(input)?;
        argument(input, &subject, operator)?
    };
    let node = Node::Test(subject, test);
    Ok(if negated { Node::Not(Box::new(node)) } else { node })
}

fn subject(input: &mut Input<'_>) -> Parsed<Subject> {
    let name = take_while(0.., |c: char| c.is_ascii_alphanumeric() || "-_/\\.".contains(c));
    alt((
        word("agentConnected").value(Subject::AgentConnected),
        word("agentVersion").value(Subject::AgentVersion),
        word("ec2InstanceId").value(Subject::Ec2InstanceId),
        word("registeredAt").value(Subject::RegisteredAt),
        word("runningTasksCount").value(Subject::RunningTasksCount),
        word("task:group").value(Subject::TaskGroup),
        preceded(literal("attribute:"), name).map(|name: &str| Subject::Attribute(name.into())),
    ))
    .or_fail_whole(Fault::Expected("a subject, `!` or `(`"))
    .parse_next(input)
}

/// An operator, and whether its answer is turned round.
fn operator(input: &mut Input<'_>) -> Parsed<(Operator, bool)> {
    use Relation::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    let relation = |relation| Operator::Relation(relation);
    let signs = alt((
        literal("==").value((relation(Equal), false)),
        literal("!=").value((relation(Equal), true)),
        literal(">=").value((relation(GreaterOrEqual), false)),
        literal(">").value((relation(Greater), false)),
        literal("<=").value((relation(LessOrEqual), false)),
        literal("<").value((relation(Less), false)),
        literal("=~").value((Operator::Matches, false)),
        literal("!~").value((Operator::Matches, true)),
    ));
    let comparisons = alt((
        word("equals").value((relation(Equal), false)),
        word("not_equals").value((relation(Equal), true)),
        word("greater_than_equal").value((relation(GreaterOrEqual), false)),
        word("greater_than").value((relation(Greater), false)),
        word("less_than_equal").value((relation(LessOrEqual), false)),
        word("less_than").value((relation(Less), false)),
    ));
    let others = alt((
        word("in").value((Operator::In, false)),
        alt((word("!in"), word("not_in"))).value((Operator::In, true)),
        word("exists").value((Operator::Exists, false)),
        alt((word("!exists"), word("not_exists"))).value((Operator::Exists, true)),
        word("matches").value((Operator::Matches, false)),
        word("not_matches").value((Operator::Matches, true)),
    ));
    alt((signs, comparisons, others)).parse_next(input)
}

/// Why the operator does not apply to the subject.
fn mismatch(subject: &Subject, operator: Operator) -> Option<Fault> {
    let (name, allowed) = match subject {
        Subject::Attribute(_) => return None,
        Subject::AgentConnected => ("agentConnected", EQUALITY),
        Subject::Ec2InstanceId => ("ec2InstanceId", EQUALITY),
        Subject::TaskGroup => ("task:group", EQUALITY),
        Subject::AgentVersion => ("agentVersion", ORDER),
        Subject::RegisteredAt => ("registeredAt", ORDER),
        Subject::RunningTasksCount => ("runningTasksCount", ORDER),
    };
    let applies = match operator {
        Operator::Relation(Relation::Equal) => true,
        Operator::Relation(_) => allowed == ORDER,
        Operator::In | Operator::Matches => allowed == EQUALITY,
        Operator::Exists => false,
    };
    (!applies).then_some(Fault::Operator { subject: name, allowed })
}

fn argument(input: &mut Input<'_>, subject: &Subject, operator: Operator) -> Parsed<Test> {
    let at = input.current_token_start();
    let relation = match operator {
        Operator::Relation(relation) => relation,
        Operator::Matches => return pattern(input).map(Test::Matches),
        Operator::In | Operator::Exists => return list(input).map(Test::In),
    };
    let text = match subject {
        Subject::RegisteredAt => date(input)?,
        _ => value.or_fail(Fault::Expected("a value")).parse_next(input)?,
    };
    let typed = match subject {
        Subject::AgentConnected => {
            let value =
                [("true", true), ("false", false)].into_iter().find(|(name, _)| *name == text);
            value.map(|(_, value)| Test::Boolean(value)).ok_or("`true` or `false`")
        }
        Subject::AgentVersion => Version::parse(text)
            .map(|version| Test::Version(relation, version))
            .ok_or("a version, as `1.14.2`,"),
        Subject::RegisteredAt => unix_seconds(text)
            .map(|seconds| Test::Date(relation, seconds))
            .ok_or("a date, as `2018-06-18` or `2018-06-18T22:28:28Z`,"),
        Subject::RunningTasksCount => {
            whole_number(text).map(|number| Test::Number(relation, number)).ok_or("a whole number")
        }
        _ => Ok(Test::Text(relation, text.into())),
    };
    typed.or_else(|expected| fail(at, Fault::Expected(expected)))
}

/// A literal, or anything between quotes.
fn value<'a>(input: &mut Input<'a>) -> Parsed<&'a str> {
    let bare = take_while(1.., |c: char| !c.is_whitespace() && !"()[],'\"&|!=<>~".contains(c));
    alt((quoted, bare)).parse_next(input)
}

fn quoted<'a>(input: &mut Input<'a>) -> Parsed<&'a str> {
    let quote = peek(one_of(['\'', '"'])).parse_next(input)?;
    delimited(any, take_till(0.., quote), any)
        .or_fail(Fault::Expected("a closing quote"))
        .parse_next(input)
}

/// `date(2018-06-18)`, or the date alone.
fn date<'a>(input: &mut Input<'a>) -> Parsed<&'a str> {
    let bare = take_while(1.., |c: char| c.is_ascii_alphanumeric() || "-+:".contains(c));
    let wrapped = opt((literal("date("), spaces)).parse_next(input)?.is_some();
    let date = alt((quoted, bare)).or_fail(Fault::Expected("a date")).parse_next(input)?;
    if wrapped {
        (spaces, literal(")")).or_fail(Fault::Expected("`)`")).parse_next(input)?;
    }
    Ok(date)
}

fn list(input: &mut Input<'_>) -> Parsed<Vec<Box<str>>> {
    let comma = delimited(spaces, literal(","), spaces);
    let values = separated(1.., value.or_fail(Fault::Expected("a value")), comma);
    let values = values.map(|values: Vec<&str>| values.into_iter().map(Box::from).collect());
    let open = (literal("["), spaces).or_fail(Fault::Expected("a list in `[` and `]`"));
    let close = (spaces, literal("]")).or_fail(Fault::Expected("`,` or `]`"));
    delimited(open, values, close).parse_next(input)
}

/// A regular expression that the whole value has to match.
fn pattern(input: &mut Input<'_>) -> Parsed<Regex> {
    let at = input.current_token_start();
    let text = alt((quoted, bare_pattern))
        .or_fail(Fault::Expected("a regular expression"))
        .parse_next(input)?;
    // The reading of the pattern alone: it may not close the group around it.
    let build =
        |text: &str| RegexBuilder::new(text).unicode(false).size_limit(MAX_PATTERN_SIZE).build();
    let whole = alloc::format!("^(?:{text})$");
    match build(text).and_then(|_| build(&whole)) {
        Ok(regex) => Ok(regex),
        Err(_) => fail(at, Fault::Pattern),
    }
}

/// Up to white space or to a bracket that closes none of its own.
fn bare_pattern<'a>(input: &mut Input<'a>) -> Parsed<&'a str> {
    let mut open = vec![];
    let mut escaped = false;
    let mut end = 0;
    for (at, c) in input.input.char_indices() {
        let class = open.last() == Some(&']');
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c.is_whitespace() => break,
            '[' => open.push(']'),
            '(' if !class => open.push(')'),
            ']' | ')' if open.last() == Some(&c) => drop(open.pop()),
            ')' if open.is_empty() => break,
            _ => {}
        }
        end = at + c.len_utf8();
    }
    if end == 0 {
        return Err(Failure::from_input(input));
    }
    Ok(input.next_slice(end))
}
