#include "scheduler/store/migrations.h"

#include <array>

#include "scheduler/store/backup.h"
#include "scheduler/store/schema.h"
#include "scheduler/store/schema_10.h"
#include "scheduler/store/schema_11.h"
#include "scheduler/store/schema_12.h"
#include "scheduler/store/schema_4.h"
#include "scheduler/store/schema_5.h"
#include "scheduler/store/schema_6.h"
#include "scheduler/store/schema_7.h"
#include "scheduler/store/schema_8.h"
#include "scheduler/store/schema_9.h"

namespace baton::sqlite {
namespace {

constexpr std::array<Migration, 12> kMigrations = {{
    {"runs, task instances and what belongs to them", kSchema1},
    {"a cheaper index of what needs attention", kSchema2},
    {"what a server needs: runs that wait, dates, who executes, the service's tables", kSchema3},
    {"circuit breakers", kSchema4},
    {"dead letters, and who is told what", kSchema5},
    {"assets", kSchema6},
    {"checks, and state across runs", kSchema7},
    {"tasks that wait for people and for other runs", kSchema8},
    {"owners of DAGs", kSchema9},
    {"favorites, kinds of schedules, values beside task instances, runs that go in parts", kSchema10},
    {"runs that are paused", kSchema11},
    {"assets that are fresh by a time of day, commits of versions", kSchema12},
}};

int apply(Database& db, std::span<const Migration> migrations, std::int32_t from) {
  int rc = db.exec("BEGIN IMMEDIATE");
  for (std::size_t i = static_cast<std::size_t>(from); rc == kOk && i < migrations.size(); ++i) {
    rc = db.exec(migrations[i].sql);
  }
  if (rc != kOk) return rc;
  const std::string versions = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                               ";PRAGMA user_version=" + std::to_string(migrations.size());
  rc = db.exec(versions.c_str());
  return rc == kOk ? db.exec("COMMIT") : rc;
}

}  // namespace

std::span<const Migration> known_migrations() {
  return kMigrations;
}

Result<std::int32_t> schema_version(Database& db, std::int32_t known) {
  const auto version = db.integer("PRAGMA user_version");
  if (!version) return version.error();
  const auto application = db.integer("PRAGMA application_id");
  if (!application) return application.error();
  const auto objects = db.integer("SELECT count(*) FROM sqlite_schema");
  if (!objects) return objects.error();
  if (*objects == 0 && *version == 0) return 0;
  if (*application != kApplicationId) {
    return Error{"baton.db is a database of another program; choose another folder"};
  }
  if (*version > known) {
    return Error{"the state was written by a newer baton (schema " + std::to_string(*version) + ", this one knows " +
                     std::to_string(known) + "): use that baton, or restore the backup made before its migration"};
  }
  return static_cast<std::int32_t>(*version);
}

Status migrate(Database& db, std::span<const Migration> migrations, const std::string& backup_path, const char* vfs) {
  const auto from = schema_version(db, static_cast<std::int32_t>(migrations.size()));
  if (!from) return from.error();
  if (*from == static_cast<std::int32_t>(migrations.size())) return Unit{};
  if (*from > 0 && !backup_path.empty()) {
    if (Status copied = backup_to(db, backup_path, vfs); !copied) return copied;
  }
  const int rc = apply(db, migrations, *from);
  if (rc == kOk) return Unit{};
  Error error = db.error("the state could not be brought to schema " + std::to_string(migrations.size()), rc);
  if (db.in_transaction()) db.exec("ROLLBACK");
  return error;
}

}  // namespace baton::sqlite
