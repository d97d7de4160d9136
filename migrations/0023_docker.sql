-- Which small network of the operator's range each sandbox of a Docker engine has.

create table docker_subnets (
    engine text not null,
    block integer not null,
    instance_id text,
    taken_at timestamptz not null,
    primary key (engine, block)
);
