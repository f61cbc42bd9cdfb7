create table notes (id bigserial primary key, key text not null unique);
