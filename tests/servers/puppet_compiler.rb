# Compiles catalogs as `puppet catalog compile` does, one for each name that is read, without starting anew each time.
# What the scopes have is told too: it is in no catalog.
require 'json'
require 'puppet'
require 'puppet/face'

Puppet.initialize_settings(['--config', ARGV[0]])
Puppet[:log_level] = 'err'
Puppet.settings.preferred_run_mode = :server
$stdout.sync = true

# Remembers the last compiler that has come to its end.
module Remembered
  def compile(*)
    super.tap { Thread.current[:compiler] = self }
  end
end
Puppet::Parser::Compiler.prepend(Remembered)

# The classes of every catalog.
OWN = %w[main settings].freeze

def variables(scope)
  scope ? scope.to_hash(false) : {}
end

def compiled(name)
  environment = Puppet.lookup(:environments).get!(Puppet[:environment])
  Puppet.override(current_environment: environment, loaders: Puppet::Pops::Loaders.new(environment)) do
    facts = Puppet::Node::Facts.new(name, {})
    node = Puppet::Node.indirection.find(name, environment: environment, facts: facts)
    raise "Could not find node '#{name}'" unless node

    catalog = Puppet::Resource::Catalog.indirection.find(name, use_node: node)
    compiler = Thread.current[:compiler]
    classes = compiler.catalog.resources.select { |one| one.type == 'Class' && !OWN.include?(one.title.to_s.downcase) }
    {
      # a catalog has parameters in small letters; the class itself has them as they are
      'classes' => classes.to_h { |one| [one.title.to_s.downcase, variables(compiler.topscope.class_scope(one.resource_type))] },
      'environment' => catalog.environment,
      'top' => variables(compiler.topscope),
      'node' => variables(compiler.instance_variable_get(:@node_scope))
    }
  end
end

$stdin.each_line do |line|
  answer = begin
    compiled(line.chomp)
  rescue StandardError, LoadError, SystemStackError => error
    { 'error' => error.message[0, 4000] }
  end
  puts JSON.generate(answer)
end
