#include "scheduler/expr/parse.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "scheduler/expr/lexer.h"
#include "scheduler/model/number.h"
#include "scheduler/model/utf8.h"

namespace baton::expr {
namespace {

using NodePtr = std::unique_ptr<Node>;

struct Operator {
  TokenKind token;
  NodeKind node;
  int precedence;  // higher binds closer
};

constexpr int kPrecedenceMin = 1;
constexpr int kRelation = 3;

constexpr Operator kOperators[] = {{TokenKind::or_or, NodeKind::logical_or, 1},
                                   {TokenKind::and_and, NodeKind::logical_and, 2},
                                   {TokenKind::less, NodeKind::less, kRelation},
                                   {TokenKind::less_equal, NodeKind::less_equal, kRelation},
                                   {TokenKind::greater, NodeKind::greater, kRelation},
                                   {TokenKind::greater_equal, NodeKind::greater_equal, kRelation},
                                   {TokenKind::equal, NodeKind::equal, kRelation},
                                   {TokenKind::not_equal, NodeKind::not_equal, kRelation},
                                   {TokenKind::plus, NodeKind::add, 4},
                                   {TokenKind::minus, NodeKind::subtract, 4},
                                   {TokenKind::star, NodeKind::multiply, 5},
                                   {TokenKind::slash, NodeKind::divide, 5},
                                   {TokenKind::percent, NodeKind::modulo, 5}};

std::optional<Macro> macro_named(std::string_view name) {
  if (name == "all") return Macro::all;
  if (name == "exists") return Macro::exists;
  if (name == "exists_one") return Macro::exists_one;
  if (name == "map") return Macro::map;
  if (name == "filter") return Macro::filter;
  return std::nullopt;
}

/// Recursive descent with one token of lookahead. The first error ends it: `failed_` is then set and every function
/// returns nullptr.
class Parser {
 public:
  Parser(std::string_view source, std::uint32_t base) : lexer_(source), base_(base) { advance(); }

  Outcome<NodePtr> parse_all() {
    NodePtr root = expression();
    if (root && token_.kind != TokenKind::end) root = fail("unexpected " + describe(token_) + " after the expression");
    if (failed_) return *failed_;
    return root;
  }

 private:
  /// Counts the nesting of calls, so that a million parentheses are an error and no overflow.
  class Nesting {
   public:
    explicit Nesting(Parser& parser) : parser_(parser) { ++parser_.nesting_; }
    ~Nesting() { --parser_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    Parser& parser_;
  };

  NodePtr expression() {
    const Nesting nesting(*this);
    if (nesting_ > kDepthMax) return fail(too_deep());
    NodePtr condition = binary(kPrecedenceMin);
    if (!condition || token_.kind != TokenKind::question) return condition;
    const SourceRange sign = token_.where;
    advance();
    NodePtr yes = binary(kPrecedenceMin);
    if (!yes || !expect(TokenKind::colon, "\":\" of the conditional \"… ? … : …\"")) return nullptr;
    NodePtr no = expression();
    if (!no) return nullptr;
    return make(NodeKind::conditional, sign, std::move(condition), std::move(yes), std::move(no));
  }

  NodePtr binary(int precedence_min) {
    NodePtr left = unary();
    while (left) {
      const std::optional<Operator> op = current_operator();
      if (!op || op->precedence < precedence_min) return left;
      const SourceRange sign = token_.where;
      advance();
      NodePtr right = binary(op->precedence + 1);
      if (!right) return nullptr;
      const bool is_logical = op->node == NodeKind::logical_and || op->node == NodeKind::logical_or;
      const bool is_chain = is_logical && left->kind == op->node;
      if (is_chain) {
        left = extend(std::move(left), std::move(right));
      } else {
        left = make(op->node, sign, std::move(left), std::move(right));
      }
    }
    return left;
  }

  NodePtr unary() {
    std::vector<Token> signs;
    while (token_.kind == TokenKind::bang || token_.kind == TokenKind::minus) {
      signs.push_back(token_);
      advance();
      if (signs.size() > kDepthMax) return fail(too_deep());
    }
    // The sign belongs to the number, or -9223372036854775808 could not be written.
    const bool is_number = token_.kind == TokenKind::integer || token_.kind == TokenKind::floating;
    const bool is_negative = is_number && !signs.empty() && signs.back().kind == TokenKind::minus;
    NodePtr node;
    if (is_negative) {
      const SourceRange sign = signs.back().where;
      signs.pop_back();
      node = number(sign);
      if (node) node = postfix(std::move(node));
    } else {
      node = postfix(primary());
    }
    while (node && !signs.empty()) {
      const NodeKind kind = signs.back().kind == TokenKind::bang ? NodeKind::logical_not : NodeKind::negate;
      node = make(kind, signs.back().where, std::move(node));
      if (node) node->where = join(at_base(signs.back().where), node->where);
      signs.pop_back();
    }
    return node;
  }

  NodePtr postfix(NodePtr node) {
    while (node) {
      if (token_.kind == TokenKind::dot) {
        advance();
        node = selection(std::move(node));
      } else if (token_.kind == TokenKind::left_bracket) {
        const SourceRange bracket = token_.where;
        advance();
        NodePtr index = expression();
        const SourceRange end = token_.where;
        if (!index || !expect(TokenKind::right_bracket, "\"]\"")) return nullptr;
        node = make(NodeKind::index, bracket, std::move(node), std::move(index));
        if (node) node->where = join(node->where, at_base(end));
      } else {
        return node;
      }
    }
    return node;
  }

  /// What follows a dot: a field, a method's call or a macro.
  NodePtr selection(NodePtr target) {
    const Token name = token_;
    if (name.kind != TokenKind::name && name.kind != TokenKind::quoted_name) {
      return fail("a field's name should follow the dot, but there is " + describe(name));
    }
    advance();
    if (token_.kind == TokenKind::left_paren && name.kind == TokenKind::name) return method(std::move(target), name);
    NodePtr node = make(NodeKind::field, name.where, std::move(target));
    if (!node) return nullptr;
    node->text = name.text;
    node->where = join(node->where, at_base(name.where));
    return node;
  }

  NodePtr method(NodePtr target, const Token& name) {
    const std::uint32_t begin = target->where.begin;
    std::vector<NodePtr> children;
    children.push_back(std::move(target));
    SourceRange end;
    if (!arguments(children, end)) return nullptr;
    NodePtr node = macro_named(name.text) ? macro(name, std::move(children)) : call(name, std::move(children));
    if (!node) return nullptr;
    node->is_method = true;
    node->where = {begin, end.end};
    return node;
  }

  NodePtr macro(const Token& name, std::vector<NodePtr> children) {
    const Macro which = *macro_named(name.text);
    const std::size_t count_max = which == Macro::map ? 4 : 3;
    if (children.size() < 3 || children.size() > count_max) {
      return fail_at(name.where,
                     name.text + " takes a variable and an expression, as in list." + name.text + "(x, x > 0)");
    }
    const Node& variable = *children[1];
    if (variable.kind != NodeKind::name) {
      return fail_at(from_base(variable.where), "the first argument of " + name.text + " is a variable's name");
    }
    const std::string text = variable.text;
    children.erase(children.begin() + 1);
    NodePtr node = make_of(NodeKind::macro, name.where, std::move(children));
    if (!node) return nullptr;
    node->macro = which;
    node->text = text;
    return node;
  }

  NodePtr call(const Token& name, std::vector<NodePtr> children) {
    NodePtr node = make_of(NodeKind::call, name.where, std::move(children));
    if (!node) return nullptr;
    node->text = name.text;
    if (const FunctionInfo* const known = find_function(name.text)) {
      node->function_row = static_cast<std::uint8_t>(known - functions().data());
    }
    return node;
  }

  NodePtr primary() {
    const Token first = token_;
    switch (first.kind) {
      case TokenKind::integer:
      case TokenKind::floating:
        return number(std::nullopt);
      case TokenKind::string:
        advance();
        return literal(first.where, Value(first.text));
      case TokenKind::name:
        advance();
        return name_or_call(first);
      case TokenKind::left_paren:
        return parenthesised();
      case TokenKind::left_bracket:
        return list();
      case TokenKind::left_brace:
        return map();
      case TokenKind::quoted_name:
        return fail("a name in backticks can only be a field, as in tasks.`a-b`");
      case TokenKind::end:
        return fail("the expression ends where a value should stand");
      default:
        return fail("a value should stand here, but there is " + describe(first));
    }
  }

  NodePtr name_or_call(const Token& name) {
    if (name.text == "true" || name.text == "false") return literal(name.where, Value(name.text == "true"));
    if (name.text == "null") return literal(name.where, Value());
    if (token_.kind == TokenKind::left_paren) return name.text == "has" ? presence(name) : function_call(name);
    if (name.text == "in" || is_reserved_word(name.text)) {
      return fail_at(name.where, "\"" + name.text + "\" is a reserved word and cannot be a name");
    }
    NodePtr node = make_of(NodeKind::name, name.where, {});
    if (node) node->text = name.text;
    return node;
  }

  NodePtr function_call(const Token& name) {
    std::vector<NodePtr> children;
    SourceRange end;
    if (!arguments(children, end)) return nullptr;
    NodePtr node = call(name, std::move(children));
    if (node) node->where = join(at_base(name.where), end);
    return node;
  }

  NodePtr presence(const Token& name) {
    std::vector<NodePtr> children;
    SourceRange end;
    if (!arguments(children, end)) return nullptr;
    if (children.size() != 1 || children[0]->kind != NodeKind::field) {
      return fail_at(name.where, "has() takes one field, as in has(params.region)");
    }
    NodePtr field = std::move(children[0]);
    const std::string text = field->text;
    const SourceRange text_where = field->text_where;
    NodePtr node = std::move(field);
    node->kind = NodeKind::has;
    node->text = text;
    node->text_where = text_where;
    node->where = join(at_base(name.where), end);
    return node;
  }

  /// "(" arguments ")", the parenthesis being the current token; `end` is where ")" stands, with the base.
  bool arguments(std::vector<NodePtr>& children, SourceRange& end) {
    advance();
    while (token_.kind != TokenKind::right_paren) {
      NodePtr argument = expression();
      if (!argument) return false;
      children.push_back(std::move(argument));
      if (token_.kind == TokenKind::comma) {
        advance();
        if (token_.kind == TokenKind::right_paren) return fail("an argument should follow the comma") != nullptr;
      } else if (token_.kind != TokenKind::right_paren) {
        return expect(TokenKind::right_paren, "\",\" or \")\"");
      }
    }
    end = at_base(token_.where);
    advance();
    return !failed_;
  }

  NodePtr parenthesised() {
    advance();
    NodePtr node = expression();
    if (!node || !expect(TokenKind::right_paren, "\")\"")) return nullptr;
    return node;
  }

  NodePtr list() {
    const SourceRange begin = token_.where;
    advance();
    std::vector<NodePtr> children;
    while (token_.kind != TokenKind::right_bracket) {
      NodePtr element = expression();
      if (!element) return nullptr;
      children.push_back(std::move(element));
      if (token_.kind == TokenKind::comma) {
        advance();
      } else if (token_.kind != TokenKind::right_bracket) {
        expect(TokenKind::right_bracket, "\",\" or \"]\"");
        return nullptr;
      }
    }
    return finish(NodeKind::list, begin, std::move(children));
  }

  NodePtr map() {
    const SourceRange begin = token_.where;
    advance();
    std::vector<NodePtr> children;
    while (token_.kind != TokenKind::right_brace) {
      NodePtr key = expression();
      if (!key || !expect(TokenKind::colon, "\":\" between a map's key and value")) return nullptr;
      NodePtr value = expression();
      if (!value) return nullptr;
      children.push_back(std::move(key));
      children.push_back(std::move(value));
      if (token_.kind == TokenKind::comma) {
        advance();
      } else if (token_.kind != TokenKind::right_brace) {
        expect(TokenKind::right_brace, "\",\" or \"}\"");
        return nullptr;
      }
    }
    return finish(NodeKind::map, begin, std::move(children));
  }

  /// The closing bracket is the current token.
  NodePtr finish(NodeKind kind, SourceRange begin, std::vector<NodePtr> children) {
    const SourceRange where = at_base(join(begin, token_.where));
    advance();
    NodePtr node = make_of(kind, begin, std::move(children));
    if (node) node->where = where;
    return node;
  }

  NodePtr number(std::optional<SourceRange> minus) {
    const Token token = token_;
    advance();
    const SourceRange where = minus ? join(*minus, token.where) : token.where;
    if (token.kind == TokenKind::floating) {
      const std::optional<double> value = read_double(token.text);
      if (!value) return fail_at(where, "the number " + token.text + " is out of range");
      return literal(where, Value(minus ? -*value : *value));
    }
    const bool is_hex = token.text.starts_with("0x") || token.text.starts_with("0X");
    const std::string digits = (minus ? "-" : "") + (is_hex ? token.text.substr(2) : token.text);
    const std::optional<std::int64_t> value = read_integer(digits, is_hex ? 16 : 10);
    if (!value) {
      return fail_at(where, "the number " + (minus ? "-" + token.text : token.text) + " does not fit 64 bits");
    }
    return literal(where, Value(*value));
  }

  NodePtr literal(SourceRange where, Value value) {
    NodePtr node = make_of(NodeKind::literal, where, {});
    if (node) node->value = std::move(value);
    return node;
  }

  template <typename... Children>
  NodePtr make(NodeKind kind, SourceRange text_where, Children... children) {
    std::vector<NodePtr> list;
    (list.push_back(std::move(children)), ...);
    return make_of(kind, text_where, std::move(list));
  }

  /// A node whose range is that of its children, or of its own text when it has none.
  NodePtr make_of(NodeKind kind, SourceRange text_where, std::vector<NodePtr> children) {
    if (failed_) return nullptr;
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->text_where = at_base(text_where);
    node->where = children.empty() ? node->text_where : join(children.front()->where, children.back()->where);
    int height = 0;
    node->children.reserve(children.size());
    for (NodePtr& child : children) {
      height = std::max<int>(height, child->height);
      node->children.push_back(std::move(child));
    }
    if (height + 1 > kDepthMax) return fail_at(text_where, too_deep());
    node->height = static_cast<std::uint16_t>(height + 1);
    return node;
  }

  /// a && b && c is one node, so that long chains are not deep.
  static NodePtr extend(NodePtr chain, NodePtr next) {
    chain->where = join(chain->where, next->where);
    chain->height = std::max<std::uint16_t>(chain->height, static_cast<std::uint16_t>(next->height + 1));
    chain->children.push_back(std::move(next));
    return chain;
  }

  [[nodiscard]] std::optional<Operator> current_operator() const {
    if (token_.kind == TokenKind::name && token_.text == "in")
      return Operator{TokenKind::name, NodeKind::in, kRelation};
    for (const Operator& op : kOperators) {
      if (op.token == token_.kind) return op;
    }
    return std::nullopt;
  }

  void advance() {
    if (failed_) return;
    Outcome<Token> next = lexer_.next();
    if (next.ok()) {
      token_ = std::move(*next);
    } else {
      fail_at(next.error().where, next.error().message);
    }
  }

  bool expect(TokenKind kind, const std::string& wanted) {
    if (failed_) return false;
    if (token_.kind != kind) {
      fail(wanted + " is missing before " + describe(token_));
      return false;
    }
    advance();
    return !failed_;
  }

  NodePtr fail(std::string message) { return fail_at(token_.where, std::move(message)); }

  NodePtr fail_at(SourceRange where, std::string message) {
    if (!failed_) failed_ = ExprError{std::move(message), at_base(where)};
    token_ = Token{TokenKind::end, token_.where, {}};
    return nullptr;
  }

  static std::string too_deep() { return "the expression is nested more than " + std::to_string(kDepthMax) + " deep"; }

  static std::string describe(const Token& token) {
    switch (token.kind) {
      case TokenKind::end:
        return "the end";
      case TokenKind::string:
        return "a string";
      case TokenKind::name:
      case TokenKind::quoted_name:
      case TokenKind::integer:
      case TokenKind::floating:
        return "\"" + token.text + "\"";
      default:
        return "\"" + std::string(sign_text(token.kind)) + "\"";
    }
  }

  static std::string_view sign_text(TokenKind kind) {
    static constexpr std::array<std::string_view, 24> kTexts{".",  ",",  ":", "?",  "(", ")",  "[",  "]",
                                                             "{",  "}",  "+", "-",  "*", "/",  "%",  "!",
                                                             "&&", "||", "<", "<=", ">", ">=", "==", "!="};
    return kTexts[static_cast<std::size_t>(kind) - static_cast<std::size_t>(TokenKind::dot)];
  }

  [[nodiscard]] SourceRange at_base(SourceRange where) const { return {where.begin + base_, where.end + base_}; }
  [[nodiscard]] SourceRange from_base(SourceRange where) const { return {where.begin - base_, where.end - base_}; }

  Lexer lexer_;
  std::uint32_t base_;
  Token token_;
  int nesting_ = 0;
  std::optional<ExprError> failed_;
};

/// Marks the tops of the chains of constant selections that begin at free names.
class PathFinder {
 public:
  void visit(Node& node) {
    node.is_path = is_chain(node);
    if (node.is_path) return;
    if (node.kind != NodeKind::macro) {
      for (const auto& child : node.children) visit(writable(child));
      return;
    }
    visit(writable(node.children[0]));
    bound_.push_back(node.text);
    for (std::size_t i = 1; i < node.children.size(); ++i) visit(writable(node.children[i]));
    bound_.pop_back();
  }

 private:
  // The tree is still ours: it becomes const when it is handed out.
  static Node& writable(const std::unique_ptr<const Node>& node) { return const_cast<Node&>(*node); }

  [[nodiscard]] bool is_chain(const Node& node) const {
    switch (node.kind) {
      case NodeKind::name:
        return std::find(bound_.begin(), bound_.end(), node.text) == bound_.end();
      case NodeKind::field:
        return is_chain(*node.children[0]);
      case NodeKind::index: {
        const Node& index = *node.children[1];
        const bool is_constant = index.kind == NodeKind::literal && index.value->type() == ValueType::string;
        return is_constant && is_chain(*node.children[0]);
      }
      default:
        return false;
    }
  }

  std::vector<std::string> bound_;
};

}  // namespace

Outcome<AstPtr> parse(std::string_view text, std::uint32_t base) {
  if (text.size() > kSourceMax) {
    return ExprError{"the expression is longer than " + std::to_string(kSourceMax / 1024) + " KiB", {base, base}};
  }
  if (const std::size_t bad = find_invalid_utf8(text); bad != std::string_view::npos) {
    const auto begin = static_cast<std::uint32_t>(base + bad);
    return ExprError{"the expression is no valid UTF-8", {begin, begin + 1}};
  }
  Parser parser(text, base);
  Outcome<NodePtr> root = parser.parse_all();
  if (!root) return root.error();
  PathFinder().visit(**root);
  return AstPtr(std::make_unique<const Ast>(std::move(**root)));
}

bool is_reserved_word(std::string_view word) {
  static constexpr std::array<std::string_view, 21> kWords{
      "as",  "break", "const",   "continue",  "else", "false",  "for",  "function", "if",   "import", "in",
      "let", "loop",  "package", "namespace", "null", "return", "true", "var",      "void", "while"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

std::size_t find_expression_end(std::string_view text, std::size_t begin) {
  std::size_t braces = 0;
  for (std::size_t i = begin; i < text.size();) {
    const char c = text[i];
    const bool is_in_word =
        i > begin && (std::isalnum(static_cast<unsigned char>(text[i - 1])) != 0 || text[i - 1] == '_');
    if (begins_string(text, i) && !(is_in_word && (c == 'r' || c == 'R'))) {
      const StringShape shape = string_shape(text, i);
      if (shape.content_end == std::string_view::npos) return std::string_view::npos;
      i = shape.end();
      continue;
    }
    if (text.substr(i, 2) == "//") {
      while (i < text.size() && text[i] != '\n' && text.substr(i, 2) != "}}") ++i;
      continue;
    }
    if (c == '{') ++braces;
    if (c == '}') {
      if (braces == 0 && text.substr(i, 2) == "}}") return i;
      if (braces > 0) --braces;
    }
    ++i;
  }
  return std::string_view::npos;
}

}  // namespace baton::expr
