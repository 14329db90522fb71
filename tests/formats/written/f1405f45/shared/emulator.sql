BEGIN TRANSACTION;
CREATE TABLE blueprints (
  position integer primary key autoincrement, blueprint_id text not null unique,
  sourcing_id text not null references sourcings (sourcing_id), name text not null,
  steps text not null, config text, created_at integer not null, updated_at integer not null);
INSERT INTO "blueprints" VALUES(1,'bp_sv81vb26j6od5vxjotx5','sourcing_engineer','First contact','[{"content":"Hi {{firstname}}, a first text.","delay":{"unit":"day","value":1},"id":"email","name":"E-mail","policy":{"skipStepIfNoContact":true},"subject":"{{sourcingJobTitle}}, first","temporalityType":"DELAYED","type":"EMAIL"}]',NULL,1795974621744,1795974621789);
INSERT INTO "blueprints" VALUES(2,'bp_g75oh60f978em3b0k0pu','sourcing_engineer','Second contact','[{"content":"Hi {{firstname}}, a second text.","delay":{"unit":"day","value":3},"id":"email","name":"E-mail","policy":{"skipStepIfNoContact":true},"subject":"{{sourcingJobTitle}}, second","temporalityType":"DELAYED","type":"EMAIL"}]',NULL,1795974621837,1795974621870);
INSERT INTO "blueprints" VALUES(3,'bp_gn52o93dsfyx40dvdgfn','sourcing_engineer','Third contact (kalentops third-contact 98fb1b6764a736ef)','[]',NULL,1795974635214,1795974635214);
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
