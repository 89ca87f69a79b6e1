# The commands of Puppet, each in a fork of a process that has loaded it: loading takes most of a second.
# At the socket of the first argument come, by a connection: where to write and where to complain, then a line with the
# words and the environment; back goes the exit code. The second argument is a configuration with which what commands
# load is found out beforehand.
require 'json'
require 'socket'
require 'puppet'
require 'puppet/util/command_line'

def execute(words)
  GC.disable # nothing lives long here, and what is shared with the parent stays shared
  Puppet::Util::CommandLine.new('puppet', words).execute
end

# What a command loads, which nobody sees.
def loaded_by(*words)
  reader, writer = IO.pipe
  pid = fork do
    before = $LOADED_FEATURES.dup
    at_exit { writer.write(($LOADED_FEATURES - before).join("\n")) }
    [$stdout, $stderr].each { |stream| stream.reopen(File::NULL) }
    execute(words)
  end
  writer.close
  reader.read.lines(chomp: true)
ensure
  Process.wait(pid)
end

def answer(connection)
  files = Array.new(2) { connection.recv_io }
  asked = JSON.parse(connection.gets)
  pid = fork do
    ENV.replace(asked['environment'])
    $stdin.reopen(File::NULL)
    [$stdout, $stderr].zip(files) { |stream, file| stream.reopen(file) }
    execute(asked['words'])
  end
  files.each(&:close)
  status = Process.wait2(pid)[1]
  connection.puts(status.exitstatus || 128 + status.termsig)
ensure
  connection.close
end

manifests = File.expand_path('environments/production/manifests', File.dirname(ARGV[1]))
[%w[catalog compile warm], ['apply', '--noop', manifests]].each do |words|
  loaded_by(*words, '--config', ARGV[1]).each { |path| require path }
end

Thread.new { $stdin.read && exit!(0) } # whoever started it has gone
server = UNIXServer.new(ARGV[0])
loop { Thread.new(server.accept) { |connection| answer(connection) } }
