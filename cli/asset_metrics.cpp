#include "cli/asset_metrics.h"

#include "scheduler/insight/asset_value.h"

namespace baton {
namespace {

constexpr std::int64_t kAssetsTold = 1'000;

template <typename ValueOf>
void add_gauge(std::string& out, const AssetPage& page, const std::string& name, const std::string& help,
               ValueOf value_of) {
  out += "# HELP " + name + " " + help + "\n# TYPE " + name + " gauge\n";
  for (const AssetView& asset : page.rows) {
    const auto value = value_of(asset);
    if (value) out += name + "{asset=\"" + asset.row.name + "\"} " + std::to_string(*value) + "\n";
  }
}

}  // namespace

std::string asset_metrics(Reader& reader, WallUs now) {
  AssetQuery query;
  query.order = {{AssetField::name, false}};
  query.page.limit = kAssetsTold;
  query.page.with_total = false;
  const auto page = reader.list_assets(query);
  std::string out;
  if (!page || page->rows.empty()) return out;
  using Number = std::optional<std::int64_t>;
  add_gauge(out, *page, "baton_asset_last_event_seconds", "When something last happened to an asset.",
            [](const AssetView& asset) {
              return asset.last_event_at == kNoTime ? Number() : Number(asset.last_event_at / kSecond);
            });
  add_gauge(out, *page, "baton_asset_late", "Whether the last event of an asset is older than its fresh_within.",
            [now](const AssetView& asset) {
              const insight::Freshness is = insight::freshness_of(asset, now);
              return is == insight::Freshness::untold ? Number() : Number(is == insight::Freshness::late ? 1 : 0);
            });
  add_gauge(out, *page, "baton_asset_quarantined", "Whether an asset is held back.", [](const AssetView& asset) {
    return Number(asset.quarantined.holds() ? 1 : 0);
  });
  return out;
}

}  // namespace baton
