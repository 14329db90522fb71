BEGIN TRANSACTION;
CREATE TABLE blueprints (
  position integer primary key autoincrement, blueprint_id text not null unique,
  sourcing_id text not null references sourcings (sourcing_id), name text not null,
  steps text not null, config text, created_at integer not null, updated_at integer not null);
INSERT INTO "blueprints" VALUES(1,'bp_2wwzovoyxzqebqyaep4r','sourcing_engineer','First contact','[{"content":"Hi {{firstname}}, a first text.","delay":{"unit":"day","value":1},"id":"email","name":"E-mail","policy":{"skipStepIfNoContact":true},"subject":"{{sourcingJobTitle}}, first","temporalityType":"DELAYED","type":"EMAIL"}]',NULL,1795974503614,1795974503663);
INSERT INTO "blueprints" VALUES(2,'bp_psfweycdfzuuwfzn5wyo','sourcing_engineer','Second contact','[{"content":"Hi {{firstname}}, a second text.","delay":{"unit":"day","value":3},"id":"email","name":"E-mail","policy":{"skipStepIfNoContact":true},"subject":"{{sourcingJobTitle}}, second","temporalityType":"DELAYED","type":"EMAIL"}]',NULL,1795974503707,1795974503734);
INSERT INTO "blueprints" VALUES(3,'bp_jjim39xkqam2tavkj10s','sourcing_engineer','Third contact (kalentops third-contact 89a23b7f)','[]',NULL,1795974509026,1795974509026);
CREATE TABLE sourcings (
  position integer primary key autoincrement, sourcing_id text not null unique, name text not null,
  status text not null check (status in ('in-progress', 'closed')), mine integer not null);
INSERT INTO "sourcings" VALUES(1,'sourcing_engineer','sourcing_engineer','in-progress',1);
CREATE INDEX blueprints_by_sourcing on blueprints (sourcing_id, position);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('sourcings',1);
INSERT INTO "sqlite_sequence" VALUES('blueprints',3);
COMMIT;
pragma user_version = 1;
